"""Where the pages come from: repository, commit, version."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from importlib.metadata import metadata, version
from pathlib import Path

from prunebench.runner.environment import commit

_REMOTE = re.compile(r"(?:https://|git@)([\w.-]+\.\w+)[:/]([\w./-]+?)(?:\.git)?/?")


@dataclass(frozen=True)
class Origin:
    """What a page can be traced to.

    Attributes:
        source: address of the repository, empty where none is known.
        commit: of the checkout that made the pages.
        version: of prunebench.
    """

    source: str = ""
    commit: str = ""
    version: str = ""

    @property
    def is_clean(self) -> bool:
        """Whether the commit is one that others can check out."""
        return bool(self.commit) and self.commit.isalnum() and self.commit != "unknown"


def here(root: Path) -> Origin:
    """Return the origin of a checkout; its address is that of the public remote, else what the package names."""
    found = _REMOTE.fullmatch(_remote(root)) if (root / ".git").exists() else None
    return Origin(f"https://{found[1]}/{found[2]}" if found else _repository(), commit(), version("prunebench"))


def _remote(root: Path) -> str:
    try:
        asked = ["git", "-C", str(root), "config", "--get", "remote.origin.url"]
        return subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _repository() -> str:
    named = metadata("prunebench").get_all("Project-URL") or []
    return next((one.partition(", ")[2] for one in named if one.startswith("Repository, ")), "")

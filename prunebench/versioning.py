"""DVC: `data/` is one `data.dvc` in git. The parent process alone calls it, once, after the run."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


def is_versioned(data: Path) -> bool:
    """Return whether the folder lies in a DVC repository."""
    return any((folder / ".dvc").is_dir() for folder in data.resolve().parents)


@dataclass(frozen=True)
class Content:
    """What tells whether a run changed the folder.

    Attributes:
        outcomes: digests of the stored outcomes.
        records: paths of the records with the times of their last change, in nanoseconds.
    """

    outcomes: frozenset[str]
    records: frozenset[tuple[str, int]]


def content(data: Path) -> Content:
    """Return the present content of the folder."""
    outcomes = frozenset(path.name for path in data.glob("checkpoints/[0-9a-f]*"))
    return Content(outcomes, frozenset((str(path), path.stat().st_mtime_ns) for path in data.glob("records/*/*.json")))


def add(data: Path) -> str:
    """Take the folder's present content into DVC's cache and write its `.dvc` file.

    Returns:
        an empty string, or what DVC said when it failed; the folder itself is never touched.
    """
    command = [sys.executable, "-m", "dvc", "add", "--quiet", data.name]
    done = subprocess.run(command, cwd=data.parent, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr or done.stdout).strip()

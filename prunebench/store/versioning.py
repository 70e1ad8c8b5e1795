"""DVC: `data/` is one `data.dvc` in git. The parent process alone calls it, once, after the run."""

from __future__ import annotations

import re
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
        what people should know: that DVC failed, or that the file named more before; else an empty string. The folder
        itself is never touched.
    """
    command = [sys.executable, "-m", "dvc", "add", "--quiet", data.name]
    before = _named(data)
    done = subprocess.run(command, cwd=data.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"dvc add {data.name} failed: {(done.stderr or done.stdout).strip()}"
    if (now := _named(data)) < before:
        file = f"{data.name}.dvc"
        return (
            f"{file} named {before:,} files, now it names the {now:,} that are here. To keep those that it named: "
            f"`git checkout {file}`; to have them here too, `dvc pull` after that, and run again"
        )
    return ""


def _named(data: Path) -> int:
    """Return how many files the folder's `.dvc` file names; none where there is no such file."""
    file = data.with_name(f"{data.name}.dvc")
    said = re.search(r"nfiles: (\d+)", file.read_text()) if file.exists() else None
    return int(said[1]) if said else 0

"""DVC: `data/` is one `data.dvc` in git. The parent process alone calls it, once, after the run."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from prunebench.common.folders import make_folder, work_folder
from prunebench.store.listing import keep, known

AT_ONCE = 1000
"""Files that one call of DVC is given by name: their names fit on a command line, which holds 128 kB at the least."""


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
    """Let the folder's `.dvc` file name what is new here, beside all that it named: it never names less than before.

    What it names and is not here stays named, since DVC is given the names of the new files alone. Then `keep` writes
    the list of all down beside it. The folder itself is never touched.

    Returns:
        what people should know: what DVC said where it failed; else an empty string.
    """
    locks = work_folder(data) / "locks"
    try:
        make_folder(locks)
        with FileLock(locks / "versioning.lock"):
            for names in _targets(data):
                if said := dvc("add", "--", *names, folder=data.parent):
                    return (
                        f"dvc add failed: {said}. {data.name}.dvc names what it named before; "
                        f"what is new is in {data}, and the next run adds it"
                    )
            keep(data)
    except OSError as error:
        return f"{data.name}.dvc is as it was: {error}"
    return ""


def dvc(*arguments: str, folder: Path) -> str:
    """Call DVC; return what it says where it fails, else an empty string."""
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if not done.returncode:
        return ""
    lines = [line for line in done.stderr.splitlines() if line.startswith(("ERROR", "WARNING"))]
    return "\n".join(lines) or done.stderr.strip() or done.stdout.strip() or f"it ended with {done.returncode}"


def _targets(data: Path) -> list[list[str]]:
    """Return what DVC is to add, call by call: the folder, or the new files where some that are named are not here."""
    file, here, named = data.with_name(f"{data.name}.dvc"), _files(data), known(data)
    if not file.exists() or (named is not None and named.keys() <= here.keys()):
        return [[data.name]]
    since = file.stat().st_mtime_ns
    fresh = [path for path, place in here.items() if _is_new(place, (named or {}).get(path), since)]
    names = [f"{data.name}/{path}" for path in sorted(fresh)]
    return [names[i : i + AT_ONCE] for i in range(0, len(names), AT_ONCE)]


def _files(data: Path) -> dict[str, Path]:
    """Return all files of the folder by their path in it; not those that are being written."""
    found = {path.relative_to(data): path for path in data.rglob("*") if path.is_file()}
    return {path.as_posix(): p for path, p in found.items() if not any(part.startswith(".") for part in path.parts)}


def _is_new(place: Path, named: str | None, since: int) -> bool:
    """Return whether a file is not named, or has changed after that."""
    if named is None or place.stat().st_mtime_ns <= since:
        return named is None
    with place.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest() != named

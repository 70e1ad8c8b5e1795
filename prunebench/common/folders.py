"""Where things lie beside the folder of datasets, checkpoints and records, and files that are written whole."""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

UNFINISHED = ".unfinished"
"""End of the name of a file that is being written beside its place; its first letter is a dot."""

YOUNG = 10.0
"""Seconds for which a file without an owner may be one whose writer has not come to own it yet."""


def work_folder(data: Path) -> Path:
    """Return the folder for what needs no keeping: locks, partial checkpoints, progress, decoded photos."""
    return data.parent / ".prunebench" / data.name


def write_whole(path: Path, content: str | bytes, lasting: bool = False) -> None:
    """Write a file of which readers see the old content or all of the new one; its folder is made.

    Args:
        path: its place.
        content: text is written as UTF-8.
        lasting: whether it must be there after a loss of power, from the return of this function on.

    Raises:
        OSError: it cannot be written; nothing is left beside it.
    """
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}{UNFINISHED}")
    try:
        make_folder(path.parent, lasting)
        with beside.open("wb") as file:
            _own(file)
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()  # what it has when it gets its name
            if lasting:
                os.fsync(file.fileno())
            beside.replace(path)
        if lasting:
            settle(path.parent)
    finally:
        with suppress(OSError):  # of a folder that is gone or cannot be written
            beside.unlink(missing_ok=True)


def make_folder(folder: Path, lasting: bool = False) -> None:
    """Make a folder and those above it, as far as they are not there; `lasting` as in `write_whole`.

    Raises:
        OSError: it cannot be made.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent, lasting)
    folder.mkdir(exist_ok=True)
    if lasting:
        settle(folder.parent)


def settle(folder: Path) -> None:
    """Wait until the names in a folder would survive a loss of power.

    Raises:
        OSError: the disk does not take them.
    """
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def abandoned(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder that writers left unfinished which were killed meanwhile."""
    for path in sorted(folder.glob(f".*{UNFINISHED}")):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > YOUNG and not _owned(path):
                yield path


def _own(file: IO[bytes]) -> None:
    """Own a file until it is closed, or the process killed; where the file system cannot, nobody ever does."""
    if sys.platform != "win32":
        import fcntl

        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _owned(path: Path) -> bool:
    """Return whether a writer owns a file; so too where that cannot be told."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False

"""Where things lie beside the folder of datasets, checkpoints and records, and files that are written whole."""

from __future__ import annotations

import os
from pathlib import Path


def work_folder(data: Path) -> Path:
    """Return the folder for what needs no keeping: locks, partial checkpoints, progress, decoded photos."""
    return data.parent / ".prunebench" / data.name


def write_whole(path: Path, text: str) -> None:
    """Write a file of which readers see the old text or all of the new one; its folder is made.

    Raises:
        OSError: it cannot be written; nothing is left beside it.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)

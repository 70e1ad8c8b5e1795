"""Where things lie beside the folder of datasets, checkpoints and records."""

from __future__ import annotations

from pathlib import Path


def work_folder(data: Path) -> Path:
    """Return the folder for what needs no keeping: locks, partial checkpoints, progress, decoded photos."""
    return data.parent / ".prunebench" / data.name

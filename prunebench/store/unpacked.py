"""Outcomes as earlier versions stored them: folders of files, with their sums in one more. Read, never written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from prunebench.specs.experiment import digest_of

SUMS = "SHA256SUMS"


def check(folder: Path) -> None:
    """Compare the files of a folder with their sums.

    Raises:
        ValueError: they are not what was stored under this digest.
        OSError: they cannot be read.
    """
    listed = [line.split("  ", 1) for line in (folder / SUMS).read_text().splitlines()]
    if not {"spec.json", "outcome.json"} <= {name for _, name in listed}:
        raise ValueError(f"{SUMS} is incomplete")
    for wanted, name in listed:
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != wanted:
            raise ValueError(f"{name} has another checksum")
    if digest_of(json.loads((folder / "spec.json").read_text())) != folder.name:
        raise ValueError("spec.json belongs to another digest")


def names(folder: Path) -> frozenset[str]:
    """Return the names of an outcome's parts.

    Raises:
        OSError: the folder cannot be read.
    """
    return frozenset(path.name for path in folder.iterdir() if path.name != SUMS)

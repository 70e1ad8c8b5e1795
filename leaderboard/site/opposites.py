"""What each claim test can tell in a tier, as `prunebench power --json` said it: `claims/power/<tier>.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from prunebench.protocol import tables

FOLDER = tables.DEFAULT.parent / "power"


@dataclass(frozen=True)
class Telling:
    """How often a test ends in each state under a stated truth.

    Attributes:
        discriminates: whether it would seldom end SUPPORTED under the opposite of what it says.
        supported: share of draws that ends SUPPORTED by truth: `paper`, `none`, `opposite`.
        seeds: that each draw had.
    """

    discriminates: bool
    supported: Mapping[str, float]
    seeds: int


Tellings = Mapping[tuple[str, str, str], Telling]
"""By tier, name of the record (the row's id, or the claim test's name), and relation that was tested."""


def read(folder: Path, skipped: list[str]) -> Tellings:
    """Return what the files of a folder say; one that `prunebench power` did not write adds a line to `skipped`."""
    found: dict[tuple[str, str, str], Telling] = {}
    for file in sorted(folder.glob("*.json")):
        try:
            for entry in json.loads(file.read_text("utf-8")):
                shares = {truth: float(by["SUPPORTED"]) for truth, by in entry["truth"].items()}
                told = Telling(bool(entry["discriminates"]), shares, int(entry["n"]))
                found[str(entry["tier"]), str(entry["test"]), str(entry["relation"])] = told
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            skipped.append(f"{file}: not as `prunebench power --json` writes it ({type(error).__name__}: {error})")
    return found

"""Challenges: what somebody holds against a record, from `challenges.yaml`, to be shown beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "challenges.yaml"
"""The challenges of the committed results."""

Challenges = Mapping[tuple[str, str], list["Challenge"]]
"""By tier and row, or name of a claim test."""


@dataclass(frozen=True)
class Challenge:
    """One objection to one record.

    Attributes:
        row: id of the row, or the name of a claim test's record.
        tier: of the record.
        by: who holds it.
        reason: why the record should not be trusted or is not the best that is known.
        better: the better known result in a few words, empty where there is none.
        link: where it can be read, an http(s) address; empty where nowhere.
    """

    row: str
    tier: str
    by: str
    reason: str
    better: str = ""
    link: str = ""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not isinstance(value, str) or (name not in ("better", "link") and not value.strip()):
                raise ValueError(f"{name} is {value!r}; it must be a text")
        if self.link and not self.link.startswith(("https://", "http://")):
            raise ValueError(f"link is {self.link!r}; it must start with https:// or http://")


def read(file: Path, skipped: list[str]) -> Challenges:
    """Return the challenges of a YAML list, none where there is no file; each bad entry adds a line to `skipped`."""
    import yaml

    if not file.is_file():
        return {}
    try:
        entries = yaml.safe_load(file.read_text("utf-8")) or []
    except (yaml.YAMLError, OSError, UnicodeError) as error:
        skipped.append(f"{file}: no YAML ({' '.join(str(error).split())})")
        return {}
    if not isinstance(entries, list):
        skipped.append(f"{file}: a list of challenges is expected, this is a {type(entries).__name__}")
        return {}
    found: dict[tuple[str, str], list[Challenge]] = {}
    for i, entry in enumerate(entries, 1):
        try:
            challenge = _challenge(entry)
        except ValueError as error:
            skipped.append(f"{file}: challenge {i}{_named(entry)}: {error}")
        else:
            found.setdefault((challenge.tier, challenge.row), []).append(challenge)
    return found


def unmatched(challenges: Challenges, known: Iterable[tuple[str, str]]) -> list[str]:
    """Return a line for each challenged (tier, row) of which there is no record."""
    there = set(known)
    return [
        f"challenge by {one.by}: there is no record of {row} in tier {tier}"
        for (tier, row), several in challenges.items()
        if (tier, row) not in there
        for one in several
    ]


def _challenge(entry: Any) -> Challenge:
    fields = "row, tier, by, reason and, if any, better, link"
    if not isinstance(entry, dict):
        raise ValueError(f"it must have the fields {fields}")
    try:
        return Challenge(**entry)
    except TypeError as error:
        given = ", ".join(map(str, entry)) or "none"
        raise ValueError(f"its fields are {given}; they must be {fields}") from error


def _named(entry: Any) -> str:
    return f" ({entry['row']})" if isinstance(entry, dict) and "row" in entry else ""

"""What people say of records, to be shown beside them: challenges, and what came out when one was run again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

FILE = Path(__file__).parents[1] / "challenges.yaml"
"""The challenges of the committed results."""

RERUNS = FILE.with_name("reruns.yaml")
"""The re-runs of the committed results."""

Challenges = Mapping[tuple[str, str], list["Challenge"]]
"""By tier and row, or name of a claim test."""

Reruns = Mapping[tuple[str, str], list["Rerun"]]
"""By the same."""

Remark = TypeVar("Remark", "Challenge", "Rerun")


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


@dataclass(frozen=True)
class Rerun:
    """One maintainer's run of one record's command, on another machine or at another time.

    Attributes:
        row: id of the row, or the name of a claim test's record.
        tier: of the record.
        by: who ran it.
        date: in ISO form.
        commit: that was checked out.
        found: what came out, such as `the same numbers to the last image`.
    """

    row: str
    tier: str
    by: str
    date: str
    commit: str
    found: str

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not isinstance(value, str) or not value.strip():
                raise ValueError(f"{name} is {value!r}; it must be a text")


def read(file: Path, skipped: list[str]) -> Challenges:
    """Return the challenges of a YAML list, none where there is no file; each bad entry adds a line to `skipped`."""
    return _read(file, skipped, Challenge)


def read_reruns(file: Path, skipped: list[str]) -> Reruns:
    """Return the re-runs of a YAML list, as `read` does."""
    return _read(file, skipped, Rerun)


def _read(file: Path, skipped: list[str], kind: type[Remark]) -> dict[tuple[str, str], list[Remark]]:
    import yaml

    what = kind.__name__.lower()
    if not file.is_file():
        return {}
    try:
        entries = yaml.safe_load(file.read_text("utf-8")) or []
    except (yaml.YAMLError, OSError, UnicodeError) as error:
        skipped.append(f"{file}: no YAML ({' '.join(str(error).split())})")
        return {}
    if not isinstance(entries, list):
        skipped.append(f"{file}: a list of {what}s is expected, this is a {type(entries).__name__}")
        return {}
    found: dict[tuple[str, str], list[Remark]] = {}
    for i, entry in enumerate(entries, 1):
        try:
            remark = _made(entry, kind)
        except ValueError as error:
            skipped.append(f"{file}: {what} {i}{_named(entry)}: {error}")
        else:
            found.setdefault((remark.tier, remark.row), []).append(remark)
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


def _made(entry: Any, kind: type[Remark]) -> Remark:
    needed = [one.name for one in fields(kind) if one.default is MISSING]
    spare = [one.name for one in fields(kind) if one.default is not MISSING]
    wanted = ", ".join(needed) + (f" and, if any, {', '.join(spare)}" if spare else "")
    if not isinstance(entry, dict):
        raise ValueError(f"it must have the fields {wanted}")
    try:
        return kind(**entry)
    except TypeError as error:
        given = ", ".join(map(str, entry)) or "none"
        raise ValueError(f"its fields are {given}; they must be {wanted}") from error


def _named(entry: Any) -> str:
    return f" ({entry['row']})" if isinstance(entry, dict) and "row" in entry else ""

"""One claim: the sentence, the test as it is made, every setting with its finding, and the rows behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prunebench.protocol.tables import Tables
from prunebench.records.parts import Side, Summary
from prunebench.statistics import Sample, greater

from . import plots, repeat, wording
from .challenges import Challenge, Challenges
from .doubts import doubts
from .evidence import Group, Setting, agrees, mentioned, settings
from .findings import Judged, finding
from .origin import Origin
from .plots import Mark
from .views import notice

MOST_ROWS = 60
"""Rows of one relation in a forest or table; the table of all rows has the others."""

_REFUTES = (
    (" in at least ", "so many rows were shown not to hold it that the number cannot be reached"),
    (" in some of ", "the upper bound lay below zero, or below the smallest amount that counts, in every row"),
    (" in each of ", "one row's whole interval lay on the wrong side, corrected for the number of rows"),
    (" at least ", "the upper bound of the difference lay below minus the margin"),
    (" equivalent to ", "the whole interval lay outside of the margin"),
    (" greater ", "the upper bound of the difference lay below zero: the opposite was shown"),
    (" less than ", "the lower bound lay above the amount in the sentence"),
    (" below ", "the lower bound lay above the amount in the sentence"),
    (" more than ", "the upper bound lay below the amount in the sentence"),
)
"""By words of a relation, the first that it has, what would have refuted it."""


@dataclass(frozen=True)
class Part:
    """What one claim came to in one setting, as its page shows it.

    Attributes:
        setting: relation, verdict or counts.
        refutes: what would have refuted it, in words.
        marks: the rows, as a forest.
        scale: of the forest.
        rows: the verdicts of the rows that are shown, with the addresses of their pages.
        courses: the curves of a test.
        doubts: lines on what does not follow.
        challenges: of the test.
        repeat: lines that repeat it.
        agrees: whether it is as the paper says.
    """

    setting: Setting
    refutes: str
    marks: Sequence[Mark]
    scale: plots.Scale | None
    rows: Sequence[tuple[Judged, str, str]]
    courses: Sequence[plots.Course]
    doubts: Sequence[str]
    challenges: Sequence[Challenge]
    repeat: Sequence[str]
    agrees: str


def values(
    claim: str, groups: Sequence[Group], tables: Tables, challenges: Challenges, origin: Origin
) -> dict[str, Any]:
    """Return what the template of a claim shows.

    Args:
        claim: id.
        groups: of records, the closest to the paper's setting first.
        tables: of the paper.
        challenges: to be shown beside what they concern.
        origin: of the site.
    """
    parts = [_part(one, group, challenges, origin) for group in groups for one in settings(claim, group)]
    marks = [_of_setting(part.setting) for part in parts if _has_number(part.setting)]
    silent = [group.key for group in groups if not settings(claim, group) and mentioned(claim, group)]
    return {
        "claim": claim,
        "about": tables.claims.get(claim),
        "parts": parts,
        "marks": marks,
        "scale": plots.scale_of(marks) if marks else None,
        "silent": silent,
        "notices": {group.key: notice(group.key.partition("~")[0]) for group in groups},
    }


def refutes(relation: str) -> str:
    """Return what would have refuted a relation, in words."""
    return next(
        (said for word, said in _REFUTES if word in f" {relation} "), "the whole interval lay on the wrong side"
    )


def _part(one: Setting, group: Group, challenges: Challenges, origin: Origin) -> Part:
    record, test = one.record, one.record if one.decides else None
    marks = _of_rows(one, group) if one.judged else _of_sides(one, group)
    rows = [(own, _address(own.row, group), _label(own.row, group)) for own in one.judged[:MOST_ROWS]]
    lines = [group.lines[row] for row in one.rows if row in group.lines]
    used = dict.fromkeys(line["dataset_used"] for line in lines or group.lines.values())
    return Part(
        one,
        refutes(one.relation),
        marks[:MOST_ROWS],
        plots.scale_of(marks[:MOST_ROWS]) if marks else None,
        rows,
        plots.measured(test.curves) if test else [],
        doubts(test) if test else [],
        challenges.get((test.tier, test.name), []) if test else [],
        repeat.lines(test, [name.partition(" ")[0] for name in used], origin) if test else [],
        agrees(record) if record and one.decides else "",
    )


def _has_number(one: Setting) -> bool:
    return one.verdict is not None and one.verdict.unit == "points" and not one.tied


def _of_setting(one: Setting) -> Mark:
    verdict = one.verdict
    assert verdict is not None
    return Mark(
        f"{one.group.partition('~')[0]}: {one.trained}",
        "",
        f"{wording.words(one.relation)}; {one.of}",
        verdict.difference,
        verdict.lower,
        verdict.upper,
        (-(verdict.margin or one.margin), one.margin),
        verdict.paper.difference if verdict.paper else None,
        next((name for name, n in one.findings.items() if n), ""),
    )


def _of_rows(one: Setting, group: Group) -> list[Mark]:
    return [
        Mark(
            _label(own.row, group),
            _address(own.row, group),
            "",
            own.difference,
            own.lower,
            own.upper,
            (-own.margin, own.margin),
            own.paper,
            own.finding,
            own.tied,
        )
        for own in one.judged
        if own.unit == "points"
    ]


def _of_sides(one: Setting, group: Group) -> list[Mark]:
    """Return the rows that a test was made of, each with its own Welch interval, where they can be told by name."""
    verdict = one.verdict
    rows = list({group.lines[row].get("twin", row): row for row in reversed(one.rows) if row in group.lines}.values())[
        ::-1
    ]
    if verdict is None or verdict.unit != "points" or not 1 < len(verdict.sides) == len(rows):
        return []
    return [
        _of_side(side, _label(row, group), _address(row, group), one.margin)
        for side, row in zip(verdict.sides, rows, strict=True)
    ]


def _of_side(side: Side, label: str, address: str, margin: float) -> Mark:
    a, b = _sample(side.a), _sample(side.b)
    found = greater(a, b)
    text = "" if min(a.n, b.n) > 1 else "one seed: no interval"
    said = finding(found.lower, found.upper, margin)
    return Mark(label, address, "", found.difference, found.lower, found.upper, (-margin, margin), None, said, text)


def _sample(summary: Summary) -> Sample:
    return Sample(summary.mean, summary.std, summary.n, summary.resolution)


def _label(row: str, group: Group) -> str:
    line: Mapping[str, Any] | None = group.lines.get(row)
    return f"{line['network']} on {line['dataset']}, {line['treated']}" if line else row


def _address(row: str, group: Group) -> str:
    return f"../rows/{group.key}/{group.lines[row].get('file', row)}.html" if row in group.lines else ""

"""What the front page says: the answer, strongest evidence first, with its doubt and with what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prunebench.protocol.tables import Tables
from prunebench.protocol.tiers import base

from . import budget
from .evidence import Group, Setting, distinct, is_dull, settings
from .findings import tally
from .plots import Mark, Scale, scale_of
from .views import Line, compares_weights, notice

MOST = 14
"""Settings in the table of the front page."""

MOST_POINTS = 60
"""Rows in the plane of budgets."""

FEW = 6
"""Distinct results of a group from which on a sentence counts them."""


@dataclass(frozen=True)
class Weighed:
    """The rows of one group that compare Scratch-B with fine-tuning, those that share their runs once.

    Attributes:
        group: of the records.
        rows: with distinct results.
        all: how many rows these stand for.
        findings: how often Scratch-B was better, equal, worse, open.
        margin: within how many points both are called equal.
        dull: how many have a test that does not tell the claim from its opposite.
    """

    group: Group
    rows: Sequence[Line]
    all: int
    findings: dict[str, int]
    margin: float
    dull: int


def weighed(group: Group) -> Weighed:
    """Return what a group says of the weights."""
    own = [line for line in group.lines.values() if compares_weights(line.get("relation", "")) and "gap" in line]
    apart = distinct(own)
    found = tally(line["finding"] for line in apart if "finding" in line)
    margin = max((line.get("margin", 0.0) for line in apart), default=0.0)
    dull = sum(is_dull(line["row"], line["relation"], group) for line in apart)
    return Weighed(group, apart, len(own), found, margin, dull)


def values(groups: Sequence[Group], tables: Tables) -> dict[str, Any]:
    """Return what the template of the front page shows.

    Args:
        groups: of records, the closest to the paper's setting first.
        tables: of the paper.
    """
    answers = [one for one in map(weighed, groups) if one.rows]
    shown = _shown(answers)
    marks = [_mark(one, line) for one, line in shown]
    told = _told(answers)
    points = budget.spent(told.rows[:MOST_POINTS]) if told else []
    return {
        "sentence": _sentence(told) if told else {},
        "plane": budget.plane(points),
        "spent": budget.sums(points),
        "unknown": _unknown(groups),
        "answers": [(one, notice(one.group.key.partition("~")[0])) for one in answers],
        "shown": list(zip((line for _, line in shown), marks, (one.group.key for one, _ in shown), strict=True)),
        "more": sum(len(one.rows) for one in answers) - len(shown),
        "scale": scale_of(marks) if marks else Scale(-1, 1),
        "refuted": _refuted(groups, tables),
        "epochs": _epochs(answers),
        "ended": max((line["ended"] for group in groups for line in group.lines.values()), default=""),
        "records": sum(len(group.lines) + sum(map(len, group.tests.values())) for group in groups),
    }


def _shown(answers: Sequence[Weighed]) -> list[tuple[Weighed, Line]]:
    """Return the rows of the strongest groups: each group whole as long as there is room, the first one cut."""
    found: list[tuple[Weighed, Line]] = []
    for one in answers:
        if not found or len(found) + len(one.rows) <= MOST:
            found += [(one, line) for line in one.rows[:MOST]]
    return found


def mark_of(line: Line, root: str, key: str, note: str = "") -> Mark:
    """Return a row as a line of a forest: Scratch-B less fine-tuned, linked to its page."""
    paper = line.get("paper.scratch_b", 0) - line.get("paper.finetune", 0)
    known = {"paper.scratch_b", "paper.finetune"} <= line.keys()
    margin = line.get("margin", 0.0)
    return Mark(
        f"{line['network']} on {line['dataset']}, {line['treated']}",
        f"{root}rows/{key}/{line.get('file', line['row'])}.html",
        note,
        line["gap"],
        line["gap.lower"],
        line["gap.upper"],
        (-margin, margin),
        paper if known else None,
        line.get("finding", ""),
    )


def _mark(one: Weighed, line: Line) -> Mark:
    return mark_of(line, "", one.group.key)


def _told(answers: Sequence[Weighed]) -> Weighed | None:
    """Return the strongest group that has more than a few results."""
    return next((one for one in answers if len(one.rows) >= FEW), answers[0] if answers else None)


def _sentence(told: Weighed) -> dict[str, Any]:
    """Return the answer in one sentence, of one group."""
    found, n = told.findings, len(told.rows)
    if 2 * found["worse"] >= n:
        lead = "Where it was tested, mostly yes"
    elif 2 * (found["better"] + found["equal"]) >= n:
        lead = "Where it was tested, mostly not"
    else:
        lead = "Not settled yet"
    return {"lead": lead, "findings": found, "n": n, "margin": told.margin, "told": told, "where": _where(told)}


def _where(told: Weighed) -> str:
    return " and ".join(list(dict.fromkeys(line["dataset"] for line in told.rows))[:3])


def _unknown(groups: Sequence[Group]) -> list[str]:
    """Return what nobody has run: the paper's own setting, its data, its networks."""
    found = []
    if not any(group.key == "paper" for group in groups):
        found.append("None is at the paper's full setting yet: its data, its networks, all of its epochs.")
    small = [group.key for group in groups if base(group.key.partition("~")[0]) in ("smoke", "laptop")]
    if small:
        found.append(
            "Small networks on small images may behave differently: they were chosen so that a row takes minutes, and "
            "what holds on them is no evidence for ImageNet."
        )
    return found


def _refuted(groups: Sequence[Group], tables: Tables) -> list[tuple[str, str, Setting]]:
    """Return every claim that a test over rows refuted, with its statement."""
    found = []
    for group in groups:
        for claim in dict.fromkeys([*tables.claims, *group.tests]):
            for one in settings(claim, group) if claim != "control" else ():
                if one.decides and one.record and one.states.get("refuted") and not one.tied:
                    found.append((claim, one.record.statement, one))
    return found


def _epochs(answers: Sequence[Weighed]) -> dict[str, str]:
    """Return, by arm, the epochs of the strongest group's rows."""
    rows = answers[0].rows if answers else []
    found = {}
    for arm in ("dense", "finetune", "scratch_e", "scratch_b"):
        values = [line[f"epochs.{arm}"] for line in rows if f"epochs.{arm}" in line]
        if values:
            low, high = f"{min(values):g}", f"{max(values):g}"
            found[arm] = low if low == high else f"{low} to {high}"
    return found

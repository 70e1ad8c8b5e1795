"""Does a row's verdict follow from its numbers?"""

from __future__ import annotations

import re
from statistics import fmean

from prunebench.parts import VerdictRecord
from prunebench.record import Record

_RELATION = re.compile(r"(\w+) (?:at least|greater(?: than)?) (\w+)")


def doubts(record: Record) -> list[str]:
    """Return a line for each verdict of a row that its own numbers contradict."""
    return [
        f"The verdict “{verdict.relation}: {verdict.state.lower()}” does not follow from the numbers: {why}."
        for verdict in record.verdicts
        if (why := _contradiction(record, verdict))
    ]


def _contradiction(record: Record, verdict: VerdictRecord) -> str:
    found = _RELATION.fullmatch(verdict.relation)
    if not found or verdict.unit != "points":
        return ""
    a, b = (record.arms.get(name) for name in found.groups())
    if a and b and a.accuracy and b.accuracy:
        seen = fmean(a.accuracy) - fmean(b.accuracy)
        if abs(seen - verdict.difference) > 0.01:
            return f"the arms differ by {seen:+.2f} points, it says {verdict.difference:+.2f}"
    bar = -verdict.margin or 0.0
    state = "SUPPORTED" if verdict.lower > bar else "REFUTED" if verdict.upper < bar else "INCONCLUSIVE"
    bounds = f"bounds of {verdict.lower:+.2f} and {verdict.upper:+.2f} at a bar of {bar:g} make it {state.lower()}"
    return "" if state == verdict.state else bounds

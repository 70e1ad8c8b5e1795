"""Does a verdict follow from the numbers beside it? What can be told at once; `validate` derives everything again."""

from __future__ import annotations

import re
from statistics import fmean

from prunebench.judging.comparison import inconsistencies
from prunebench.records.parts import VerdictRecord
from prunebench.records.record import AnyRecord, Record

TOLERANCE = 0.01
"""Points by which a difference may miss that of the arms; accuracies are stored with four decimals."""

_RELATION = re.compile(r"(\w+) (?:at least|greater than) (\w+)")


def doubts(record: AnyRecord) -> list[str]:
    """Return a line for each verdict that contradicts itself or the arms of its row."""
    if isinstance(record, Record):
        found = [(verdict, [*inconsistencies(verdict), *_misses(record, verdict)]) for verdict in record.verdicts]
    else:
        found = [(verdict, inconsistencies(verdict)) for verdict in (record.verdict, *record.aside)]
    return [
        f"The verdict “{verdict.relation}: {verdict.state.lower()}” does not follow from the numbers: {'; '.join(why)}."
        for verdict, why in found
        if why
    ]


def _misses(row: Record, verdict: VerdictRecord) -> list[str]:
    found = _RELATION.fullmatch(verdict.relation)
    arms = [row.arms.get(name) for name in found.groups()] if found and verdict.unit == "points" else []
    means = [fmean(arm.accuracy) for arm in arms if arm and arm.accuracy]
    if len(means) != 2 or abs(means[0] - means[1] - verdict.difference) <= TOLERANCE:
        return []
    return [f"the arms differ by {means[0] - means[1]:+.2f} points, it says {verdict.difference:+.2f}"]

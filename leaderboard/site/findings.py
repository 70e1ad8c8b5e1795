"""Interval -> finding: better, worse, equal or open; and what is zero only because two things are one and the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from prunebench.common.errors import PrunebenchError
from prunebench.protocol.tiers import base, choose
from prunebench.records.parts import VerdictRecord
from prunebench.records.record import Record

from .wording import arm

FINDINGS = ("better", "equal", "worse", "open")

SAME = "same widths as uniform"
"""What stands for the difference of a plan from the uniform one where both are one."""

_SCOPES = (
    (re.compile(r" (?:in each|each) of (\d+) rows$"), "the worst row"),
    (re.compile(r" in some of (\d+) rows$"), "the best row"),
    (re.compile(r" on the mean of (\d+) rows$"), "the mean over the rows"),
    (re.compile(r" in at least \d+ of (\d+) rows$"), "rows in which it holds, above the number that is needed"),
    (re.compile(r" over the parameters that both have$"), "the mean along both curves"),
)
"""By the end of a relation, what its difference and interval are of."""


class Judged(NamedTuple):
    """One verdict on one row, as tables show it; `tied` says why it has no number, where it has none.

    The difference is that of the relation, first arm less second.
    """

    row: str
    claim: str
    relation: str
    state: str
    finding: str
    difference: float
    lower: float
    upper: float
    margin: float
    unit: str
    n: int
    paper: float | None
    decides: bool
    tied: str


def margin_of(verdict: VerdictRecord, tier: str) -> float:
    """Return within how much two sides are called equal: as the verdict says, else its margin, else the tier's."""
    if verdict.equal or verdict.margin or verdict.unit != "points":
        return verdict.equal or verdict.margin
    try:
        return choose(base(tier))[0].margin
    except PrunebenchError:
        return 0.0


def finding(lower: float, upper: float, margin: float) -> str:
    """Return what an interval of A - B says: `better`, `worse` (not around 0), `equal` (inside +-margin), `open`."""
    if lower > 0:
        return "better"
    if upper < 0:
        return "worse"
    return "equal" if -margin <= lower and upper <= margin else "open"


def finding_of(verdict: VerdictRecord, tier: str) -> str:
    """Return a verdict's finding, as its record has it or else from its interval; empty of what is no difference."""
    if verdict.finding:
        return verdict.finding
    if verdict.unit not in ("points", "seconds", "MB") and not verdict.unit.startswith("%"):
        return ""
    return finding(verdict.lower, verdict.upper, margin_of(verdict, tier))


def scope(relation: str, rows: int = 0) -> str:
    """Return what the difference and interval of a verdict are of: the worst row, the mean, the row itself."""
    usual = "the rows together" if rows > 1 else "this row"
    return next((said for end, said in _SCOPES if end.search(relation)), usual)


def judged(record: Record) -> list[Judged]:
    """Return a row's verdicts for tables."""
    uniform = same_as_uniform(record)
    return [
        Judged(
            record.row,
            verdict.claim,
            verdict.relation,
            verdict.state.lower(),
            finding_of(verdict, record.tier),
            verdict.difference,
            verdict.lower,
            verdict.upper,
            margin_of(verdict, record.tier),
            verdict.unit,
            min(verdict.n, default=0),
            verdict.paper.difference if verdict.paper else None,
            i == 0,
            SAME if uniform and "uniform_scratch_b" in verdict.relation else "",
        )
        for i, verdict in enumerate(record.verdicts)
    ]


def tally(found: Iterable[str]) -> dict[str, int]:
    """Return how often each finding was made, in their order."""
    counted = Counter(found)
    return {name: counted[name] for name in FINDINGS}


def same_as_uniform(record: Record) -> bool:
    """Say whether the plan is the uniform one: Scratch-B of both came, seed by seed, to one FLOPs and one accuracy."""
    own, uniform = record.arms.get("scratch_b"), record.arms.get("uniform_scratch_b")
    if own is None or uniform is None or not own.accuracy or record.method.name == "uniform":
        return False
    sizes = {pruned.seed: float(pruned.size.flops) for pruned in record.pruned}
    flops = [sizes.get(seed) for seed in own.seeds]
    return (own.seeds, own.accuracy, flops) == (uniform.seeds, uniform.accuracy, uniform.measures.get("flops", []))


def tied(verdict: VerdictRecord) -> str:
    """Return why a correlation of values that are mostly one and the same has no meaning; else nothing."""
    if verdict.unit != "tau":
        return ""
    for name, values in verdict.numbers.items():
        most = max(Counter(map(tuple, values)).values(), default=0)
        if 2 * most > len(values):
            same = f"{most} of {len(values)} methods have the very same {arm(name)}"
            return f"{same}: their plans are one, so there is no ranking"
    return ""

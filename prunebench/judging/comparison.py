"""What a record says against what its figures give: verdicts, values, and whether it contradicts itself."""

from __future__ import annotations

import math
import re
from typing import Any

from prunebench.judging.figures import of_record
from prunebench.judging.observed import Observed
from prunebench.judging.recorded_rows import row_of
from prunebench.judging.value import values
from prunebench.protocol.tiers import base, choose
from prunebench.records.parts import VerdictRecord
from prunebench.records.record import AnyRecord, Record

OF_PAPER = ("state", "difference", "lower", "upper")

FIELDS = (
    "relation",
    "margin",
    "confidence",
    "state",
    "difference",
    "lower",
    "upper",
    "p",
    "n",
    "power",
    "seeds_needed",
    "unit",
)
"""What is compared; the sentence of the reason is not, since its wording may improve."""

TOLERANCE = 1e-6
"""Differences up to this, in the field's unit, are rounding; for `power`, an integral by sampling, a thousand times."""

PAIR = re.compile(r"\S+ (at least|greater than) \S+")
"""Relations whose state follows from their bounds and margin."""


def verdicts_of(record: AnyRecord) -> list[VerdictRecord]:
    """Return a record's verdicts, the one that decides first."""
    return list(record.verdicts) if isinstance(record, Record) else [record.verdict, *record.aside]


def contradictions(verdict: VerdictRecord, found: VerdictRecord) -> list[str]:
    """Return what a verdict says otherwise than the one that was found anew."""
    pairs = {name: (getattr(verdict, name), getattr(found, name)) for name in FIELDS}
    if verdict.paper and found.paper:
        pairs |= {f"paper.{n}": (getattr(verdict.paper, n), getattr(found.paper, n)) for n in OF_PAPER}
    return [
        f"{name} is {_plain(said)}, the numbers give {_plain(is_)}"
        for name, (said, is_) in pairs.items()
        if _differ(name, said, is_)
    ]


def misjudged(record: Record) -> list[str]:
    """Return what a record says of the value of its weights and of its architecture otherwise than its numbers.

    Raises:
        UnknownNameError: this version has no such row or tier.
    """
    tier, _ = choose(base(record.tier))
    read = Observed(row_of(record), of_record(record), tier.margin)
    found = values({arm: read[arm] for arm in record.arms}, tier.confidence)
    return [
        f"values.{name}.{part} is {_plain(said)}, the numbers give {_plain(is_)}"
        for name, interval in record.values.items()
        for part, said in interval
        if _differ(part, said, is_ := getattr(found.get(name), part, None))
    ]


def inconsistencies(verdict: VerdictRecord) -> list[str]:
    """Return how a verdict contradicts itself, which can be told without the numbers that it was derived from."""
    found = []
    if not verdict.lower <= verdict.difference <= verdict.upper:
        found.append(f"difference {verdict.difference} lies outside of its bounds {verdict.lower} and {verdict.upper}")
    shown = verdict.p is not None and verdict.p <= 1 - verdict.confidence
    if verdict.state == "SUPPORTED" and not shown:
        found.append(f"state is SUPPORTED, with p = {verdict.p} at confidence {verdict.confidence:g}")
    by_bounds = "SUPPORTED" if verdict.lower > -verdict.margin else "REFUTED" if verdict.upper < -verdict.margin else ""
    if PAIR.fullmatch(verdict.relation) and verdict.state != (by_bounds or "INCONCLUSIVE"):
        found.append(f"state is {verdict.state}, its bounds and margin give {by_bounds or 'INCONCLUSIVE'}")
    return found


def _plain(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _differ(name: str, said: Any, found: Any) -> bool:
    if name == "n" and found is not None:
        return list(said) != list(found)
    if isinstance(said, float) and isinstance(found, int | float):
        return not math.isclose(said, found, abs_tol=TOLERANCE * (1000 if name == "power" else 1))
    return bool(said != found)

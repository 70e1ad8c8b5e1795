"""Numbers -> verdict, a second time: what a record says is derived again from the accuracies of the rows' records.

A verdict says in words what was tested. Every test that may have been made is made anew, on every pair of arms that the
words name, and the one that ends in the very same words is the one. So no sentence is parsed; one that no test here
ends in is said to be unknown, never taken for right.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, permutations
from typing import Any

from prunebench.common.errors import DatasetError, UnknownNameError
from prunebench.datasets.available import describe
from prunebench.judging.observed import Observed, differences
from prunebench.judging.retest import NotRederivableError, retest, unions
from prunebench.judging.value import values
from prunebench.protocol.assignment import job
from prunebench.protocol.jobs import Job
from prunebench.protocol.tables import Row, load
from prunebench.protocol.tiers import Tier, base, choose
from prunebench.records.parts import VerdictRecord
from prunebench.records.record import Record
from prunebench.specs.experiment import Method, Regulariser
from prunebench.statistics import Verdict

FIELDS = ("state", "difference", "lower", "upper", "p", "n", "power", "seeds_needed", "unit")
"""What is compared; the sentence of the reason is not, since its wording may improve."""

TOLERANCE = 1e-6
"""Differences up to this, in the field's unit, are rounding; for `power`, an integral by sampling, a thousand times."""

PAIR = re.compile(r"\S+ (at least|greater than) \S+")
"""Relations whose state follows from their bounds and margin."""


def row_of(record: Record) -> Row:
    """Return the row that a record is of: one of the paper, one that a claim has lent, or one of a user's method.

    Raises:
        UnknownNameError: it is none of these.
    """
    rows = load().rows
    facts: dict[str, Any] = {"network": record.network.name, "method": record.method.name, "ratio": record.ratio}
    lender = max((name for name in rows if record.row.endswith(f".{name}")), key=len, default=None)
    if record.row in rows:
        return rows[record.row]
    if lender is not None and record.claims:
        apart = record.row.removesuffix(f".{lender}").partition(".")[2]
        target = rows[lender].variant
        kept = target if f" to {target}" in record.title else ""
        ratio = rows[lender].ratio if kept else record.ratio
        row = rows[lender].lent(record.claims[0], apart, **facts | {"ratio": ratio, "variant": kept, "setting": ""})
        _, _, setting = record.title.removeprefix(row.title).partition(", ")
        return replace(row, setting=setting)
    if record.method.digest:
        own: dict[str, Any] = {"page": 0, "claims": (), "dataset": record.dataset.name, "paper": {}}
        return Row(id=record.row, table=record.table, section=record.section, **own, **facts)
    raise UnknownNameError("row", record.row, rows)


def job_of(record: Record) -> Job:
    """Return what a record's row is in its tier; of a user's method, it takes only the name and hash that are told.

    Raises:
        UnknownNameError: this version has no such row, tier, network or method.
    """
    row = row_of(record)
    tier = _tier(record, row.dataset)
    if not record.method.digest:
        return job(row, tier)
    method, trunk = Method(record.method.used, source=record.method.digest), record.arms.get("sparse")
    at_start = trunk is not None and not any(trunk.epochs)
    acting = Regulariser("method", method=method) if trunk and not at_start else None
    return Job(row, tier, method, acting, stop=0 if at_start else None)


def _tier(record: Record, dataset: str) -> Tier:
    """Return a record's tier with what stood for a dataset of the paper, which need not be here.

    The digest of one that no catalogue tells is taken from the record.
    """
    tier, _ = choose(base(record.tier))
    used = describe(record.dataset.used.split(" ")[0])
    with suppress(DatasetError):  # of a tier in which each dataset stands for itself
        if used.name == tier.description(dataset).name:
            return tier
    return replace(tier, substitutes={dataset: replace(used, digest=used.digest or record.dataset.digest)})


def rederive(verdict: VerdictRecord, rows: Sequence[Record]) -> Verdict:
    """Return the verdict that the rows' numbers give.

    Args:
        verdict: as its record has it; only its relation, margin and confidence are used.
        rows: records of all rows that it was derived from.

    Raises:
        NotRederivableError: no test that is known here, on arms of these rows, has this relation.
        UnknownNameError: this version does not know a row's job.
    """
    if verdict.unit not in ("points", "rows"):
        raise NotRederivableError(f"{verdict.relation[:200]!r} is in {verdict.unit[:80]!r}, no accuracies")
    common = set.intersection(*(set(row.arms) for row in rows)) if rows else set()
    named = sorted(arm for arm in common if arm in verdict.relation)
    read = [Observed(job_of(row), row) for row in rows]
    pairs = ((names, differences(read, *names)) for names in permutations(named, 2))
    for names, gaps in chain(pairs, unions(verdict, read)):
        if found := retest(verdict, gaps, names):
            return found
    raise NotRederivableError(
        f"{verdict.relation[:200]!r} cannot be derived again: no test that is known here says so of "
        f"{' and '.join(named) or 'any arm'} in the {len(rows)} record(s)"
    )


def contradictions(verdict: VerdictRecord, found: Verdict) -> list[str]:
    """Return what a verdict says otherwise than the one that was found anew."""
    pairs = {name: (getattr(verdict, name), getattr(found, name)) for name in FIELDS}
    if verdict.paper and found.paper:
        pairs |= {f"paper.{n}": (getattr(verdict.paper, n), getattr(found.paper, n)) for n in FIELDS[:4]}
    return [
        f"{name} is {_plain(said)}, the numbers give {_plain(is_)}"
        for name, (said, is_) in pairs.items()
        if _differ(name, said, is_)
    ]


def misjudged(record: Record) -> list[str]:
    """Return what a record says of the value of its weights and of its architecture otherwise than its numbers."""
    read = Observed(job_of(record), record)
    found = values({arm: read[arm] for arm in record.arms}, read.job.tier.confidence)
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

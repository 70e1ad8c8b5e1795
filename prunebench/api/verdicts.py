"""Verdicts on records that are there: a sentence about two arms, and two methods side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prunebench import statistics
from prunebench.api.reading import Records, Table
from prunebench.common.errors import PrunebenchError, UnknownNameError
from prunebench.datasets.available import describe
from prunebench.judging.again import sources
from prunebench.judging.bodies import bodies
from prunebench.judging.figures import MissingFigureError, of_record
from prunebench.judging.from_records import FromRecords
from prunebench.judging.observed import Observed, differences
from prunebench.judging.settings import Settings, as_recorded
from prunebench.judging.unfit import fair
from prunebench.protocol import tables
from prunebench.protocol.tables import Row
from prunebench.protocol.tiers import base, choose
from prunebench.records.record import AnyRecord, Record
from prunebench.statistics import Finding, Verdict

ONE: Mapping[str, Callable[[Observed, str, str], Verdict]] = {
    "at least": Observed.at_least,
    "greater than": Observed.greater,
    "equivalent to": Observed.equivalent,
}
"""By relation, its test on one row."""


def judge(
    records: Record | Iterable[Record], claim: str, margin: float | None = None, folder: str | Path = "data"
) -> Verdict:
    """Return what the test of a sentence about two arms says of records; nothing is trained.

    Args:
        records: one, or several, over which the mean is judged.
        claim: `A at least B`, `A greater than B` or `A equivalent to B`, of two arms, such as
            `scratch_b at least finetune`.
        margin: accuracy points by which an "at least" may fail and still count, and up to which arms are equivalent; by
            default that of the records' tier.
        folder: of datasets, which knows yours by name.

    Raises:
        PrunebenchError: the sentence is none of these, or a record lacks an arm, or there is no record.
    """
    rows = [records] if isinstance(records, Record) else list(records)
    a, relation, b = _read(claim, rows)
    observed = [_observed(record, margin, Path(folder)) for record in rows]
    bar, confidence = max(row.margin for row in observed), max(map(_confidence, rows))
    with statistics.at_confidence(confidence, equal=bar):
        one = len(observed) == 1
        found = ONE[relation](observed[0], a, b) if one else _on_mean(relation, observed, (a, b), bar)
    return fair(found, observed)


def _on_mean(relation: str, observed: list[Observed], names: tuple[str, str], margin: float) -> Verdict:
    gaps = differences(observed, *names)
    if relation == "greater than":
        return statistics.mean_greater(gaps, names=names)
    test = statistics.mean_at_least if relation == "at least" else statistics.mean_equivalent
    return test(gaps, margin, names=names)


def judge_claim(records: Iterable[AnyRecord], claim: str, margin: float | None = None) -> Records:
    """Return the records that the tests of a claim make of the figures of others; nothing is trained.

    Args:
        records: of one tier, such as `read_records("leaderboard/results/smoke")`, more than the claim needs or not.
        claim: its id, such as `C08`; `list_claims` has them.
        margin: accuracy points in place of the tier's.

    Raises:
        UnknownNameError: there is no such claim.
        PrunebenchError: the records are of no tier or several, or lack figures for every test of the claim; says which.
    """
    if claim not in (known := tables.load().claims):
        raise UnknownNameError("claim", claim, known)
    source, settings = _of_one_tier(records, margin)
    found, missing = Records(), ""
    for body in [body for body in bodies() if body.told.claim == claim]:
        try:
            found.append(body.record(settings, source))
        except MissingFigureError as error:
            missing = missing or str(error)
    if not found:
        raise PrunebenchError(f"no test of {claim} finds its figures here: {missing or 'there is none'}")
    return found


def _of_one_tier(records: Iterable[AnyRecord], margin: float | None) -> tuple[FromRecords, Settings]:
    by_tier = sources(records)
    if len(by_tier) != 1:
        raise PrunebenchError(f"records of one tier are judged together; these are of {', '.join(by_tier) or 'none'}")
    ((name, source),) = by_tier.items()
    settings = as_recorded(name)
    tier = settings.tier
    return source, replace(settings, tier=replace(tier, margin=tier.margin if margin is None else margin))


def _read(claim: str, rows: list[Record]) -> tuple[str, str, str]:
    found = re.fullmatch(rf"(\w+) ({'|'.join(ONE)}) (\w+)", claim)
    common = set.intersection(*(set(row.arms) for row in rows)) if rows else set()
    if not rows:
        raise PrunebenchError(
            "there is no record to judge; `train` and `run` make some, `read_records` reads a folder's"
        )
    if found is None or not {found[1], found[3]} <= common:
        raise PrunebenchError(
            f"cannot judge {claim!r}: write `A at least B`, `A greater than B` or `A equivalent to B`; A and B are "
            f"arms that every record has: {', '.join(sorted(common)) or 'none'}"
        )
    return found[1], found[2], found[3]


def _observed(record: Record, margin: float | None, folder: Path) -> Observed:
    """Return a record as tests take it, with the margin of its tier or another."""
    tier, _ = choose(base(record.tier))
    figures = of_record(record)
    if record.resolution is None:
        used = describe(record.dataset.used.split(" ")[0], folder)
        figures = figures.model_copy(update={"resolution": used.resolution, "chance": used.chance})
    facts = (record.dataset.name, record.network.name, record.method.name, record.ratio)
    row = Row(record.row, record.table, record.section, 0, (), *facts, {})
    return Observed(row, figures, tier.margin if margin is None else margin, record)


def _confidence(record: Record) -> float:
    return choose(base(record.tier))[0].confidence


@dataclass(frozen=True)
class Compared:
    """One arm of two methods: `a` less `b`, in accuracy points, with one-sided bounds at the tier's confidence."""

    arm: str
    a: float
    b: float
    difference: float
    lower: float
    upper: float
    finding: Finding | None


@dataclass(frozen=True)
class Comparison:
    """Two methods side by side.

    Attributes:
        a: title of the first record.
        b: title of the second.
        flops: share of the dense network's FLOPs that each leaves, on the mean over seeds.
        parameters: the same of the parameters.
        arms: what each arm of both came to; the finding is `better`, `worse`, `equal` (inside the tier's margin) or
            `open`, of `a`.
    """

    a: str
    b: str
    flops: tuple[float, float]
    parameters: tuple[float, float]
    arms: Table[Compared]


def compare(a: Record, b: Record, folder: str | Path = "data") -> Comparison:
    """Return two methods side by side, arm by arm; they are comparable as far as their FLOPs are alike.

    Args:
        a: record of a method.
        b: record of another one, of the same tier, dataset and network.
        folder: of datasets, which knows yours by name.

    Raises:
        PrunebenchError: the records are of different tiers, datasets or networks.
    """
    for what in ("tier", "dataset", "network"):
        if getattr(a, what) != getattr(b, what):
            sides = f"{_said(getattr(a, what))} and {_said(getattr(b, what))}"
            raise PrunebenchError(f"cannot compare {a.row} with {b.row}: their {what} is not the same ({sides})")
    both = _observed(a, None, Path(folder)), _observed(b, None, Path(folder))
    arms = [arm for arm in a.arms if arm in b.arms]
    return Comparison(
        *(a.title, b.title, (_left(a, "flops"), _left(b, "flops")), (_left(a, "parameters"), _left(b, "parameters"))),
        Table(_compared(arm, *both, _confidence(a)) for arm in arms),
    )


def _said(value: Any) -> str:
    return str(getattr(value, "used", value))


def _left(record: Record, what: str) -> float:
    sizes = [getattr(pruned.size, what) for pruned in record.pruned]
    return round(float(sum(sizes) / len(sizes) / getattr(record.dense, what)), 4)


def _compared(arm: str, a: Observed, b: Observed, confidence: float) -> Compared:
    found = statistics.equivalent(a[arm], b[arm], a.margin, confidence, (a.row.id, b.row.id))
    return Compared(arm, a[arm].mean, b[arm].mean, found.difference, found.lower, found.upper, found.finding)

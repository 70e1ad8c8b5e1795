"""Numbers -> verdict, a second time: what a record says is derived again from the accuracies of the rows' records.

A verdict says in words what was tested. Every test that may have been made is made anew, on every pair of arms that the
words name, and the one that ends in the very same words is the one. So no sentence is parsed; one that no test here
ends in is said to be unknown, never taken for right.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, permutations
from typing import Any

from prunebench import statistics
from prunebench.datasets.registry import describe
from prunebench.errors import PrunebenchError, UnknownNameError
from prunebench.experiment import Method, Regulariser
from prunebench.jobs import Job, job
from prunebench.observed import Observed, differences, within_std
from prunebench.parts import VerdictRecord
from prunebench.record import ClaimRecord, Record
from prunebench.statistics import Difference, Verdict
from prunebench.tables import Row, load
from prunebench.tiers import choose
from prunebench.value import values

FIELDS = ("state", "difference", "lower", "upper", "p", "n", "power", "seeds_needed", "unit")
"""What is compared; the sentence of the reason is not, since its wording may improve."""

TOLERANCE = 1e-6
"""Differences up to this, in the field's unit, are rounding; for `power`, an integral by sampling, a thousand times."""

PAIR = re.compile(r"\S+ (at least|greater than) \S+")
"""Relations whose state follows from their bounds and margin."""

TIMES_FEWER = re.compile(r"with (\S+) times fewer ")

WITH_MARGIN = (
    statistics.mean_at_least,
    statistics.mean_equivalent,
    statistics.every_at_least,
    statistics.every_equivalent,
    statistics.any_greater,
)
WITHOUT_MARGIN = (statistics.mean_greater, statistics.every_greater)


class NotRederivableError(PrunebenchError):
    """A verdict does not follow from these records alone; the text says what is missing."""


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
    row, (tier, _) = row_of(record), choose(record.tier)
    used = record.dataset.used.split(" ")[0]
    if used != tier.description(row.dataset).name:
        tier = replace(tier, substitutes={row.dataset: describe(used)})
    if not record.method.digest:
        return job(row, tier)
    method, trunk = Method(record.method.used, source=record.method.digest), record.arms.get("sparse")
    at_start = trunk is not None and not any(trunk.epochs)
    acting = Regulariser("method", method=method) if trunk and not at_start else None
    return Job(row, tier, method, acting, stop=0 if at_start else None)


def on_curves(verdict: VerdictRecord, claim: ClaimRecord) -> Verdict | None:
    """Return the verdict that the curves of a claim's record give, None where it compares no two of them."""
    for names in permutations(claim.curves, 2):
        a, b = (claim.curves[name] for name in names)
        facts: dict[str, Any] = {"confidence": verdict.confidence, "names": names, "axis": claim.axes[0]}
        tests = (statistics.curve_at_least, statistics.curve_equivalent)
        found = [test(a, b, verdict.margin, **facts) for test in tests]
        found.append(statistics.curve_greater(a, b, **facts))
        if times := TIMES_FEWER.search(verdict.relation):
            found.append(statistics.curve_efficiency(a, b, float(times[1]), verdict.margin, **facts))
        if same := next((one for one in found if one.relation == verdict.relation), None):
            return same
    return None


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
    on_pairs = (_tests(verdict, read, names) for names in permutations(named, 2))
    on_unions = (_on_rows(verdict, gaps, names) for names, gaps in _unions(verdict, read))
    for found in chain.from_iterable(chain(on_pairs, on_unions)):
        if found.relation == verdict.relation:
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


def _tests(verdict: VerdictRecord, rows: list[Observed], names: tuple[str, str]) -> Iterator[Verdict]:
    a, b = names
    facts: dict[str, Any] = {"confidence": verdict.confidence, "names": names}
    if len(rows) == 1:
        (row,) = rows
        tests = (statistics.at_least, statistics.equivalent)
        yield from (test(row[a], row[b], margin=verdict.margin, **facts) for test in tests)
        yield statistics.greater(row[a], row[b], **facts)
    if verdict.relation.endswith(" rows"):
        yield from _on_rows(verdict, differences(rows, a, b), names)


def _on_rows(verdict: VerdictRecord, gaps: list[Difference], names: tuple[str, str]) -> Iterator[Verdict]:
    facts: dict[str, Any] = {"confidence": verdict.confidence, "names": names}
    bar: dict[str, Any] = {"margin": verdict.margin, **facts}
    yield from (test(gaps, **bar) for test in WITH_MARGIN)
    yield from (test(gaps, **facts) for test in WITHOUT_MARGIN)
    for needed in range(1, sum(gap.weight for gap in gaps) + 1):
        yield statistics.count_at_least(gaps, needed, **bar)
        yield statistics.count_at_least(
            within_std(gaps), needed, **bar | {"names": (f"{names[0]} + one std", names[1])}
        )


def _unions(verdict: VerdictRecord, rows: list[Observed]) -> Iterator[tuple[tuple[str, str], list[Difference]]]:
    """Yield the pairs of which a side is several arms, as claims over many rows name them, with their differences."""
    unions: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {
        ("scratch", "finetune"): (("scratch_e", "finetune"), ("scratch_b", "finetune")),
        ("scratch_b", "the others"): (("scratch_b", "pruned"), ("scratch_b", "scratch_e")),
    }
    for names, pairs in unions.items():
        if verdict.relation.startswith(f"{names[0]} ") and names[1] in verdict.relation:
            yield names, [gap for pair in pairs for gap in _differences(rows, pair)]
    if "pipeline" in verdict.relation:
        soft = [row for row in rows if row.job.row.method == "soft_filter"]
        hard = [row for row in rows if row.job.row.method != "soft_filter"]
        gaps = _differences(hard, ("scratch_b", "finetune")) + _differences(soft, ("scratch_b", "pruned"))
        yield ("scratch_b", "pipeline"), gaps


def _differences(rows: list[Observed], pair: tuple[str, str]) -> list[Difference]:
    return differences(rows, *pair) if all(arm in row.record.arms for row in rows for arm in pair) else []


def _plain(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _differ(name: str, said: Any, found: Any) -> bool:
    if name == "n" and found is not None:
        return list(said) != list(found)
    if isinstance(said, float) and isinstance(found, int | float):
        return not math.isclose(said, found, abs_tol=TOLERANCE * (1000 if name == "power" else 1))
    return bool(said != found)

"""The tests behind every verdict: at least, greater, at least on the mean of rows, and in so many rows.

Differences are in accuracy points. Importing this module costs nothing: scipy is imported when a test is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from prunebench.welch import (
    Difference,
    Sample,
    error,
    estimate,
    power,
    row_count,
    sample,
    seed_counts,
    seeds_needed,
    sides,
)

__all__ = [
    "Difference",
    "Sample",
    "State",
    "Verdict",
    "at_least",
    "count_at_least",
    "greater",
    "holm",
    "mean_at_least",
    "sample",
]

State = Literal["SUPPORTED", "REFUTED", "INCONCLUSIVE"]

WIDEST = 100.0
"""Where nothing is known the bounds are -100 and 100: accuracies in percent differ by no more, and JSON has no inf."""


@dataclass(frozen=True)
class Verdict:
    """What one test says.

    Attributes:
        state: SUPPORTED, REFUTED or INCONCLUSIVE.
        relation: what was tested, such as `scratch_b at least finetune`.
        margin: points by which the relation may fail and still count.
        confidence: of each of the two one-sided bounds.
        difference: estimate of A - B, points (rows, for a count).
        lower: one-sided lower bound of the difference.
        upper: one-sided upper bound.
        p: p-value of "worse by the margin or more"; None where a side has fewer than two seeds.
        n: seeds of A and of B, summed over the rows.
        power: P(SUPPORTED) were A and B equal, at the spread and n seen; None where it has no meaning.
        seeds_needed: smallest equal number of seeds per side (in each row) that would settle an INCONCLUSIVE if means
            and spreads stayed; None where it is settled, no number up to `MOST_SEEDS` would do, or for a count.
        reason: one plain sentence.
        unit: what `difference` and its bounds are in.
    """

    state: State
    relation: str
    margin: float
    confidence: float
    difference: float
    lower: float
    upper: float
    p: float | None
    n: tuple[int, int]
    power: float | None
    seeds_needed: int | None
    reason: str
    unit: Literal["points", "rows"] = "points"


def at_least(
    a: Sample, b: Sample, margin: float, confidence: float = 0.95, names: tuple[str, str] = ("A", "B")
) -> Verdict:
    """Test "A is at least B, up to `margin` points": one-sided Welch non-inferiority.

    SUPPORTED if the lower bound of A - B lies above -margin, REFUTED if the upper bound lies below it. Either error has
    probability 1 - `confidence` at most, as far as seeds are independent and near normal; Welch's approximation adds
    to it where spreads are very unequal (simulated: at most 5.4 % for 5 % with 3 seeds a side, 5.2 % with 5).
    """
    return _welch_test([Difference(a, b)], margin, confidence, names, f"{names[0]} at least {names[1]}")


def greater(a: Sample, b: Sample, confidence: float = 0.95, names: tuple[str, str] = ("A", "B")) -> Verdict:
    """Test "A is greater than B": SUPPORTED if the lower bound of A - B is above 0, REFUTED if the upper is below 0.

    REFUTED thus means that A was shown to be *below* B; equal arms stay INCONCLUSIVE with any number of seeds.
    """
    verdict = _welch_test([Difference(a, b)], 0.0, confidence, names, f"{names[0]} greater than {names[1]}")
    return replace(verdict, power=None)


def mean_at_least(
    differences: Sequence[Difference], margin: float, confidence: float = 0.95, names: tuple[str, str] = ("A", "B")
) -> Verdict:
    """Test "A is at least B on the weighted mean over rows, up to `margin` points"; `at_least` is the case of one row.

    Rows are taken as independent: the variances of all their sides add up, with Welch-Satterthwaite degrees of freedom.
    It speaks of these rows, not of others that were not run.
    """
    relation = f"{names[0]} at least {names[1]} on the mean of {row_count(differences)} rows"
    return _welch_test(differences, margin, confidence, names, relation)


def every_at_least(
    differences: Sequence[Difference], margin: float, confidence: float = 0.95, names: tuple[str, str] = ("A", "B")
) -> Verdict:
    """Test "A is at least B in every row, up to `margin` points"; numbers are those of the row where A does worst.

    SUPPORTED if every row's lower bound lies above -margin: an intersection-union test, which needs no correction.
    REFUTED if some row is refuted after Holm's correction over the rows; else INCONCLUSIVE.
    """
    if not differences:
        return _welch_test([], margin, confidence, names, f"{names[0]} at least {names[1]} in every row")
    rows = [_welch_test([d], margin, confidence, names, "") for d in differences]
    worst = min(rows, key=lambda row: row.difference)
    refuting = holm([1.0 if row.p is None else 1 - row.p for row in rows])
    supported = sum(row.state == "SUPPORTED" for row in rows)
    state: State = "SUPPORTED" if supported == len(rows) else "INCONCLUSIVE"
    if min(refuting) <= 1 - confidence:
        state = "REFUTED"
    relation = f"{names[0]} at least {names[1]} in each of {row_count(differences)} rows"
    reason = f"{supported} of {len(rows)} distinct rows alone are SUPPORTED. In the worst, {worst.reason}"
    seeds = [row.seeds_needed for row in rows if row.state == "INCONCLUSIVE"]
    needed = max((s for s in seeds if s), default=None) if None not in seeds and state == "INCONCLUSIVE" else None
    p = None if any(row.p is None for row in rows) else max(row.p for row in rows if row.p is not None)
    return replace(worst, state=state, relation=relation, p=p, power=None, seeds_needed=needed, reason=reason)


def count_at_least(
    differences: Sequence[Difference],
    needed: int,
    total: int | None = None,
    margin: float = 0.0,
    confidence: float = 0.95,
    names: tuple[str, str] = ("A", "B"),
) -> Verdict:
    """Test "A is above B - `margin` in at least `needed` of `total` rows" (`total` is by default the rows given).

    A fiducial statement: each row's true difference gets its confidence distribution, the t distribution whose
    quantiles are the row's Welch bounds. So a row counts with probability P(difference > -margin), rows are independent
    (those of one `weight` move together), and the distribution of the count is exact. SUPPORTED if P(count >= needed)
    is at least `confidence`, REFUTED if it is at most 1 - `confidence`. Rows that are missing, or have fewer than two
    seeds on a side, could go either way: SUPPORTED takes them as lost, REFUTED as won.

    Returns:
        a verdict in rows: `difference` is the count seen less `needed`, `lower` and `upper` are one-sided quantiles of
        the count less `needed`, `p` is 1 - P(count >= needed).
    """
    import numpy as np

    _check(confidence)
    known = [d for d in differences if d.seeds > 1]
    total = row_count(differences) if total is None else total
    unknown = total - row_count(known)
    if unknown < 0:
        raise ValueError(f"{row_count(known)} rows are given, more than the total of {total}")
    pmf = _count_distribution(known, margin)
    lower = int(np.flatnonzero(np.cumsum(pmf[::-1])[::-1] >= confidence)[-1])
    upper = int(np.flatnonzero(np.cumsum(pmf) >= confidence)[0]) + unknown
    state: State = "SUPPORTED" if lower >= needed else "REFUTED" if upper < needed else "INCONCLUSIVE"
    seen = sum(d.weight for d in known if d.a.mean - d.b.mean > -margin)
    p = min(float(pmf[: max(needed, 0)].sum()), 1.0)
    relation = f"{names[0]} above {names[1]}{f' - {margin:g}' if margin else ''} in at least {needed} of {total} rows"
    reason = (
        f"{relation}: seen in {seen}, and with {100 * confidence:g} % confidence each true of at least {lower} and of "
        f"at most {upper}{f', as {unknown} rows have too few seeds to tell' if unknown else ''}."
    )
    bounds = float(seen - needed), float(lower - needed), float(upper - needed)
    return Verdict(state, relation, margin, confidence, *bounds, p, seed_counts(known), None, None, reason, "rows")


def holm(pvalues: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values in the order given: those below a have a family-wise error rate of at most a."""
    adjusted, highest = [0.0] * len(pvalues), 0.0
    for rank, i in enumerate(sorted(range(len(pvalues)), key=lambda i: pvalues[i])):
        highest = max(highest, min(1.0, (len(pvalues) - rank) * pvalues[i]))
        adjusted[i] = highest
    return adjusted


def _welch_test(
    rows: Sequence[Difference], margin: float, confidence: float, names: tuple[str, str], relation: str
) -> Verdict:
    from scipy.special import stdtr, stdtrit

    _check(confidence)
    mean, n = estimate(rows), seed_counts(rows)
    fewest = min((d.seeds for d in rows), default=0)
    if fewest < 2:
        bounds, reason = (mean, -WIDEST, WIDEST), f"A test needs two seeds on each side; here one has {fewest}."
        return Verdict("INCONCLUSIVE", relation, margin, confidence, *bounds, None, n, None, None, reason)
    se, df = error(sides(rows))
    reach = float(stdtrit(df, confidence)) * se
    lower, upper = mean - reach, mean + reach
    state: State = "SUPPORTED" if lower > -margin else "REFUTED" if upper < -margin else "INCONCLUSIVE"
    seeds = seeds_needed(sides(rows), abs(mean + margin), confidence) if state == "INCONCLUSIVE" else None
    reason = (
        f"{names[0]} - {names[1]} is {mean:+.2f} points, with {100 * confidence:g} % confidence each above "
        f"{lower:+.2f} and below {upper:+.2f}; the bar is {-margin if margin else 0:g}"
        f"{f', and {seeds} seeds per side would settle it if means and spreads stayed' if seeds else ''}."
    )
    p, chance = float(stdtr(df, -(mean + margin) / se)), power(sides(rows), margin, confidence)
    return Verdict(state, relation, margin, confidence, mean, lower, upper, p, n, chance, seeds, reason)


def _count_distribution(rows: Sequence[Difference], margin: float) -> Any:
    """Return P(count = 0, 1, ..., number of rows)."""
    import numpy as np
    from scipy.special import stdtr

    pmf = np.zeros(row_count(rows) + 1)
    pmf[0] = 1
    for row in rows:
        se, df = error(sides([row]))
        p = stdtr(df, (estimate([row]) + margin) / se)
        pmf = (1 - p) * pmf + p * np.roll(pmf, row.weight)
    return pmf


def _check(confidence: float) -> None:
    if not 0.5 < confidence < 1:
        raise ValueError(f"confidence {confidence} given; it is a probability above 0.5 and below 1, such as 0.95")

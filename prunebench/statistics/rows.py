"""Many rows: on their mean, in every one, in some, in so many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from prunebench.statistics.multiplicity import holm
from prunebench.statistics.pairs import above, outside, within
from prunebench.statistics.reported import with_paper_of_rows
from prunebench.statistics.samples import Difference, row_count
from prunebench.statistics.verdict import Question, State, Verdict
from prunebench.statistics.welch import error, mean_difference

Names = tuple[str, str]


@with_paper_of_rows
def mean_at_least(
    differences: Sequence[Difference],
    margin: float,
    confidence: float | None = None,
    names: Names = ("A", "B"),
    unit: str = "points",
) -> Verdict:
    """Test "A is at least B on the weighted mean over rows, up to `margin`"; `at_least` is the case of one row.

    The variances of all sides add up, with Welch-Satterthwaite degrees of freedom; an arm that rows share is one side.
    It speaks of these rows, not of others that were not run.
    """
    question = _asked(differences, ("at least", "on the mean of"), margin, confidence, names, unit)
    return above(mean_difference(differences), question, -margin)


@with_paper_of_rows
def mean_greater(
    differences: Sequence[Difference],
    confidence: float | None = None,
    names: Names = ("A", "B"),
    unit: str = "points",
) -> Verdict:
    """Test "A is greater than B on the weighted mean over rows", as `greater` does for one."""
    question = _asked(differences, ("greater than", "on the mean of"), 0.0, confidence, names, unit)
    return replace(above(mean_difference(differences), question, 0.0), power=None)


@with_paper_of_rows
def mean_equivalent(
    differences: Sequence[Difference],
    margin: float,
    confidence: float | None = None,
    names: Names = ("A", "B"),
    unit: str = "points",
) -> Verdict:
    """Test "A equals B on the weighted mean over rows, up to `margin`", as `equivalent` does for one."""
    question = _asked(differences, ("equivalent to", "on the mean of"), margin, confidence, names, unit)
    return within(mean_difference(differences), question)


@with_paper_of_rows
def every_at_least(
    differences: Sequence[Difference],
    margin: float,
    confidence: float | None = None,
    names: Names = ("A", "B"),
    unit: str = "points",
) -> Verdict:
    """Test "A is at least B in every row, up to `margin`"; numbers are those of the row where A does worst.

    SUPPORTED if every row's lower bound lies above -margin: an intersection-union test, which needs no correction.
    REFUTED if some row is refuted after Holm's correction over the rows; else INCONCLUSIVE.
    """
    question = _asked(differences, ("at least", "in each of"), margin, confidence, names, unit)
    rows = [above(mean_difference([d]), question, -margin) for d in differences]
    return _every(rows, _below(rows), question, lambda row: row.difference)


@with_paper_of_rows
def every_greater(
    differences: Sequence[Difference],
    confidence: float | None = None,
    names: Names = ("A", "B"),
    unit: str = "points",
) -> Verdict:
    """Test "A is greater than B in every row": as `every_at_least` without a margin."""
    question = _asked(differences, ("greater than", "in each of"), 0.0, confidence, names, unit)
    rows = [above(mean_difference([d]), question, 0.0) for d in differences]
    return _every(rows, _below(rows), question, lambda row: row.difference)


@with_paper_of_rows
def every_equivalent(
    differences: Sequence[Difference],
    margin: float,
    confidence: float | None = None,
    names: Names = ("A", "B"),
    unit: str = "points",
) -> Verdict:
    """Test "A equals B in every row, up to `margin`"; numbers are those of the row where they are farthest apart.

    SUPPORTED and REFUTED as in `every_at_least`, each row by two one-sided tests.
    """
    question = _asked(differences, ("equivalent to", "in each of"), margin, confidence, names, unit)
    rows = [within(mean_difference([d]), question) for d in differences]
    against = [outside(mean_difference([d]), margin) for d in differences]
    return _every(rows, against, question, lambda row: -abs(row.difference))


@with_paper_of_rows
def any_greater(
    differences: Sequence[Difference],
    margin: float,
    confidence: float | None = None,
    names: Names = ("A", "B"),
    unit: str = "points",
) -> Verdict:
    """Test "A is greater than B in some row"; numbers are those of the row that speaks most for it.

    SUPPORTED if a row's lower bound lies above 0 after Holm's correction over the rows. REFUTED if every row's upper
    bound lies below `margin`, so that A is nowhere greater by more than counts in this tier: an intersection-union
    test. A gain that is shown and is smaller than the margin is SUPPORTED: the sentence names no size.
    """
    question = _asked(differences, ("greater than", "in some of"), margin, confidence, names, unit)
    rows = [above(mean_difference([d]), question, 0.0) for d in differences]
    if not rows:
        return question.open(0.0, (0, 0), "There is no row.")
    corrected = holm([1.0 if row.p is None else row.p for row in rows])
    best = rows[corrected.index(min(corrected))]
    small = sum(row.upper < margin for row in rows)
    state: State = "REFUTED" if small == len(rows) else "INCONCLUSIVE"
    if min(corrected) <= 1 - question.level:
        state = "SUPPORTED"
    reason = (
        f"In {small} of {len(rows)} distinct rows {names[0]} is shown to be greater by less than {margin:g} {unit}, if "
        f"at all; the smallest p of greater is {min(corrected):.2g} after Holm's correction. In that row, {best.reason}"
    )
    needed = best.seeds_needed if state == "INCONCLUSIVE" else None
    return replace(best, state=state, p=min(corrected), power=None, seeds_needed=needed, reason=reason)


@with_paper_of_rows
def count_at_least(
    differences: Sequence[Difference],
    needed: int,
    total: int | None = None,
    margin: float = 0.0,
    confidence: float | None = None,
    names: Names = ("A", "B"),
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

    known = [d for d in differences if d.seeds > 1]
    total = row_count(differences) if total is None else total
    unknown = total - row_count(known)
    if unknown < 0:
        raise ValueError(f"{row_count(known)} rows are given, more than the total of {total}")
    less = f" {'-' if margin > 0 else '+'} {abs(margin):g}" if margin else ""
    relation = f"{names[0]} above {names[1]}{less} in at least {needed} of {total} rows"
    question = Question(relation, relation, margin, confidence, "rows")
    pmf, level = _count_distribution(known, margin), question.level
    lower = int(np.flatnonzero(np.cumsum(pmf[::-1])[::-1] >= level)[-1])
    upper = int(np.flatnonzero(np.cumsum(pmf) >= level)[0]) + unknown
    state: State = "SUPPORTED" if lower >= needed else "REFUTED" if upper < needed else "INCONCLUSIVE"
    seen = sum(d.weight for d in known if d.a.mean - d.b.mean > -margin)
    reason = (
        f"{relation}: seen in {seen}, and with {100 * level:.3g} % confidence each true of at least {lower} and of "
        f"at most {upper}{f', as {unknown} rows have too few seeds to tell' if unknown else ''}."
    )
    p = min(float(pmf[: max(needed, 0)].sum()), 1.0)
    n = mean_difference(known).n
    return question.answer(state, (seen - needed, lower - needed, upper - needed), p, n, reason)


def _asked(
    rows: Sequence[Difference],
    words: tuple[str, str],
    margin: float,
    confidence: float | None,
    names: Names,
    unit: str,
) -> Question:
    """Return the question: `words` stand between the names and before the number of rows."""
    relation = f"{names[0]} {words[0]} {names[1]} {words[1]} {row_count(rows)} rows"
    return Question(relation, f"{names[0]} - {names[1]}", margin, confidence, unit)


def _below(rows: Sequence[Verdict]) -> list[float]:
    """Return each row's p-value against "its contrast lies above its bar"."""
    return [1.0 if row.p is None else 1 - row.p for row in rows]


def _every(
    rows: Sequence[Verdict], against: Sequence[float], question: Question, merit: Callable[[Verdict], float]
) -> Verdict:
    """Judge "it holds in every row" from the rows' verdicts and p-values `against` it; show the row of least merit."""
    if not rows:
        return question.open(0.0, (0, 0), "There is no row.")
    supported = sum(row.state == "SUPPORTED" for row in rows)
    state: State = "SUPPORTED" if supported == len(rows) else "INCONCLUSIVE"
    if min(holm(against)) <= 1 - question.level:
        state = "REFUTED"
    worst = min(rows, key=merit)
    reason = f"{supported} of {len(rows)} distinct rows alone are SUPPORTED. In the worst, {worst.reason}"
    seeds = [row.seeds_needed for row in rows if row.state == "INCONCLUSIVE"]
    needed = max((s for s in seeds if s), default=None) if None not in seeds and state == "INCONCLUSIVE" else None
    p = None if any(row.p is None for row in rows) else max(row.p for row in rows if row.p is not None)
    return replace(worst, state=state, p=p, power=None, seeds_needed=needed, reason=reason)


def _count_distribution(rows: Sequence[Difference], margin: float) -> Any:
    """Return P(count = 0, 1, ..., number of rows)."""
    import numpy as np
    from scipy.special import stdtr

    pmf = np.zeros(row_count(rows) + 1)
    pmf[0] = 1
    for row in rows:
        contrast = mean_difference([row])
        se, df = error(contrast.sides)
        p = stdtr(df, (contrast.estimate + margin) / se)
        pmf = (1 - p) * pmf + p * np.roll(pmf, row.weight)
    return pmf

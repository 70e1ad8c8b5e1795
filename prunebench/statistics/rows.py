"""Many rows: on their mean, in every one, in some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from prunebench.statistics.pairs import above, amount, shown, within
from prunebench.statistics.reported import with_paper_of_rows
from prunebench.statistics.samples import Difference, distinct, row_count
from prunebench.statistics.verdict import Question, State, Verdict
from prunebench.statistics.welch import difference, mean_difference

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

    A t test over each seed's mean over the rows, of the seeds that all rows have (see `mean_difference` in `welch`).
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
    least: float = 0.0,
) -> Verdict:
    """Test "A is greater than B (by more than `least`) on the weighted mean over rows", as `greater` does for one."""
    question = _asked(differences, ("greater than", "on the mean of"), -least, confidence, names, unit)
    return replace(above(mean_difference(differences), question, least), power=None)


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
    """Test "A is at least B in every row, up to `margin`"; its numbers are of the difference where A does worst.

    SUPPORTED if every row's lower bound lies above -margin: an intersection-union test, which needs no correction.
    REFUTED if some row's upper bound lies below it, after correction for the number of rows (Holm's first step). Rows
    of the very same samples are one. Both hold however the rows hang together.
    """
    return _worst(differences, _asked(differences, ("at least", "in each of"), margin, confidence, names, unit))


@with_paper_of_rows
def every_greater(
    differences: Sequence[Difference],
    confidence: float | None = None,
    names: Names = ("A", "B"),
    unit: str = "points",
    least: float = 0.0,
) -> Verdict:
    """Test "A is greater than B (by more than `least`) in every row": as `every_at_least` above 0 or `least`."""
    return _worst(differences, _asked(differences, ("greater than", "in each of"), -least, confidence, names, unit))


@with_paper_of_rows
def every_equivalent(
    differences: Sequence[Difference],
    margin: float,
    confidence: float | None = None,
    names: Names = ("A", "B"),
    unit: str = "points",
) -> Verdict:
    """Test "A equals B in every row, up to `margin`".

    SUPPORTED and REFUTED as in `every_at_least`, each row by two one-sided tests. The difference is that of the row
    where they are farthest apart, the bounds those that hold in every row.
    """
    question = _asked(differences, ("equivalent to", "in each of"), margin, confidence, names, unit)
    rows = [within(difference(d), question) for d in distinct(differences)]
    if not rows:
        return question.open(0.0, (0, 0), "There is no row.")
    against = min(1.0, len(rows) * min(shown(row.p_refuted) for row in rows))
    state: State = "REFUTED" if against <= 1 - question.level else "INCONCLUSIVE"
    if all(row.state == "SUPPORTED" for row in rows):
        state = "SUPPORTED"
    farthest = max(rows, key=lambda row: abs(row.difference))
    bounds = farthest.difference, min(row.lower for row in rows), max(row.upper for row in rows)
    lead = f"{_alone(rows)} Farthest apart, "
    p, seeds = _largest(rows), _all_settled(rows, state)
    return question.answer(state, bounds, p, farthest.n, "", f"±{margin:g}", None, seeds, against, lead)


@with_paper_of_rows
def any_greater(
    differences: Sequence[Difference],
    confidence: float | None = None,
    names: Names = ("A", "B"),
    unit: str = "points",
    least: float = 0.0,
) -> Verdict:
    """Test "A is greater than B (by more than `least`) in some row"; its numbers are of the row where A does best.

    The mirror image of `every_greater`: SUPPORTED if a row's lower bound lies above `least` after correction for the
    number of rows, REFUTED if every row's upper bound lies below it. So without a smallest amount it takes A below B in
    every row to refute it; that A is nowhere greater by more than matters is a finding, no refutation.
    """
    question = _asked(differences, ("greater than", "in some of"), -least, confidence, names, unit)
    rows, strict = _each(differences, question)
    if not rows:
        return question.open(0.0, (0, 0), "There is no row.")
    best = max(rows, key=lambda row: row.difference)
    bounds = best.difference, max(row.lower for row in strict), max(row.upper for row in rows)
    p = min(1.0, len(rows) * min(shown(row.p) for row in rows))
    against = max(shown(row.p_refuted) for row in rows)
    lead = f"{_alone(rows)} In the row where {names[0]} does best, "
    state = question.state(bounds)
    needed = best.seeds_needed if state == "INCONCLUSIVE" else None
    return question.answer(state, bounds, p, best.n, "", f"{least:g}", None, needed, against, lead)


def _asked(
    rows: Sequence[Difference],
    words: tuple[str, str],
    margin: float,
    confidence: float | None,
    names: Names,
    unit: str,
) -> Question:
    """Return the question: `words` stand between the names and before the number of rows."""
    more = amount(-margin) if words[0] == "greater than" else ""
    relation = f"{names[0]} {words[0]} {names[1]}{more} {words[1]} {row_count(rows)} rows"
    return Question(relation, f"{names[0]} - {names[1]}", margin, confidence, unit)


def _each(differences: Sequence[Difference], question: Question) -> tuple[list[Verdict], list[Verdict]]:
    """Return each distinct row's verdict, and the same at the level that is corrected for the number of rows."""
    rows = [difference(d) for d in distinct(differences)]
    strict = replace(question, confidence=1 - (1 - question.level) / max(len(rows), 1))
    return [above(row, question, -question.margin) for row in rows], [above(r, strict, -question.margin) for r in rows]


def _worst(differences: Sequence[Difference], question: Question) -> Verdict:
    """Judge "it holds in every row": by the bounds of the smallest difference."""
    rows, strict = _each(differences, question)
    if not rows:
        return question.open(0.0, (0, 0), "There is no row.")
    worst = min(rows, key=lambda row: row.difference)
    bounds = worst.difference, min(row.lower for row in rows), min(row.upper for row in strict)
    against = min(1.0, len(rows) * min(shown(row.p_refuted) for row in rows))
    state, lead = question.state(bounds), f"{_alone(rows)} In the worst, "
    seeds, bar = _all_settled(rows, state), f"{-question.margin or 0:g}"
    return question.answer(state, bounds, _largest(rows), worst.n, "", bar, None, seeds, against, lead)


def _alone(rows: Sequence[Verdict]) -> str:
    return f"{sum(row.state == 'SUPPORTED' for row in rows)} of {len(rows)} distinct rows alone are SUPPORTED."


def _largest(rows: Sequence[Verdict]) -> float | None:
    return None if any(row.p is None for row in rows) else max(row.p for row in rows if row.p is not None)


def _all_settled(rows: Sequence[Verdict], state: State) -> int | None:
    """Return the seeds that settle every row."""
    seeds = [row.seeds_needed for row in rows if row.state == "INCONCLUSIVE"]
    return max((s for s in seeds if s), default=None) if None not in seeds and state == "INCONCLUSIVE" else None

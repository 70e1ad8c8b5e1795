"""Two samples, or any contrast of samples: at least, greater, equivalent."""

from __future__ import annotations

from dataclasses import replace

from prunebench.statistics.reported import with_paper_of_pair
from prunebench.statistics.samples import Difference, Sample
from prunebench.statistics.verdict import Question, State, Verdict
from prunebench.statistics.welch import Contrast, error, mean_difference, power, seeds_needed


@with_paper_of_pair
def at_least(
    a: Sample,
    b: Sample,
    margin: float,
    confidence: float | None = None,
    names: tuple[str, str] = ("A", "B"),
    unit: str = "points",
) -> Verdict:
    """Test "A is at least B, up to `margin`": one-sided Welch non-inferiority.

    SUPPORTED if the lower bound of A - B lies above -margin, REFUTED if the upper bound lies below it. Either error has
    probability 1 - `confidence` at most, as far as seeds are independent and near normal; Welch's approximation adds
    to it where spreads are very unequal (simulated: at most 5.4 % for 5 % with 3 seeds a side, 5.2 % with 5).
    """
    question = Question(f"{names[0]} at least {names[1]}", f"{names[0]} - {names[1]}", margin, confidence, unit)
    return above(mean_difference([Difference(a, b)]), question, -margin)


@with_paper_of_pair
def greater(
    a: Sample,
    b: Sample,
    confidence: float | None = None,
    names: tuple[str, str] = ("A", "B"),
    unit: str = "points",
) -> Verdict:
    """Test "A is greater than B": SUPPORTED if the lower bound of A - B is above 0, REFUTED if the upper is below 0.

    REFUTED thus means that A was shown to be *below* B; equal arms stay INCONCLUSIVE with any number of seeds.
    """
    question = Question(f"{names[0]} greater than {names[1]}", f"{names[0]} - {names[1]}", 0.0, confidence, unit)
    return replace(above(mean_difference([Difference(a, b)]), question, 0.0), power=None)


@with_paper_of_pair
def equivalent(
    a: Sample,
    b: Sample,
    margin: float,
    confidence: float | None = None,
    names: tuple[str, str] = ("A", "B"),
    unit: str = "points",
) -> Verdict:
    """Test "A equals B, up to `margin`" by two one-sided Welch tests (Schuirmann 1987).

    SUPPORTED if both bounds of A - B lie inside ±margin. REFUTED if the whole interval lies outside, and the error of
    saying so, on both sides together, is at most 1 - `confidence`.
    """
    question = Question(f"{names[0]} equivalent to {names[1]}", f"{names[0]} - {names[1]}", margin, confidence, unit)
    return within(mean_difference([Difference(a, b)]), question)


def above(contrast: Contrast, question: Question, bar: float) -> Verdict:
    """Test "the contrast lies above `bar`": SUPPORTED and REFUTED are each shown by a one-sided bound."""
    from scipy.special import stdtr, stdtrit

    level, mean = question.level, contrast.estimate
    if contrast.fewest < 2:
        return _too_few(contrast, question)
    se, df = error(contrast.sides)
    reach = float(stdtrit(df, level)) * se
    state: State = "SUPPORTED" if mean - reach > bar else "REFUTED" if mean + reach < bar else "INCONCLUSIVE"
    seeds = seeds_needed(contrast.sides, abs(mean - bar), level) if state == "INCONCLUSIVE" else None
    p, chance = float(stdtr(df, (bar - mean) / se)), power(contrast.sides, -bar, level)
    bounds = mean, mean - reach, mean + reach
    return question.answer(state, bounds, p, contrast.n, bar=f"{bar or 0:g}", power=chance, seeds=seeds)


def within(contrast: Contrast, question: Question) -> Verdict:
    """Test "the contrast lies within ±margin"."""
    from scipy.special import stdtr, stdtrit

    level, mean, margin = question.level, contrast.estimate, question.margin
    if contrast.fewest < 2:
        return _too_few(contrast, question)
    se, df = error(contrast.sides)
    reach = float(stdtrit(df, level)) * se
    state: State = "SUPPORTED" if abs(mean) + reach < margin else "INCONCLUSIVE"
    if outside(contrast, margin) <= 1 - level:
        state = "REFUTED"
    seeds = seeds_needed(contrast.sides, abs(abs(mean) - margin), level) if state == "INCONCLUSIVE" else None
    p, chance = float(stdtr(df, (abs(mean) - margin) / se)), power(contrast.sides, margin, level, both=True)
    bounds = mean, mean - reach, mean + reach
    return question.answer(state, bounds, p, contrast.n, bar=f"±{margin:g}", power=chance, seeds=seeds)


def outside(contrast: Contrast, margin: float) -> float:
    """Return the p-value against "the contrast lies within ±margin": both tails at its edge; 1 if it has no test."""
    from scipy.special import stdtr

    if contrast.fewest < 2:
        return 1.0
    se, df = error(contrast.sides)
    seen = abs(contrast.estimate)
    return min(1.0, float(stdtr(df, (margin - seen) / se) + stdtr(df, -(margin + seen) / se)))


def _too_few(contrast: Contrast, question: Question) -> Verdict:
    reason = f"A test needs two seeds on each side; here one has {contrast.fewest}."
    return question.open(contrast.estimate, contrast.n, reason)

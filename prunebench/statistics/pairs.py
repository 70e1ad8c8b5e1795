"""Two samples, or any contrast of samples: at least, greater, equivalent."""

from __future__ import annotations

from dataclasses import replace

from prunebench.statistics.reported import with_paper_of_pair
from prunebench.statistics.samples import Difference, Sample
from prunebench.statistics.verdict import Question, State, Verdict
from prunebench.statistics.welch import Contrast, difference, error, power, reach, seeds_needed, tail


@with_paper_of_pair
def at_least(
    a: Sample,
    b: Sample,
    margin: float,
    confidence: float | None = None,
    names: tuple[str, str] = ("A", "B"),
    unit: str = "points",
    paired: bool = False,
) -> Verdict:
    """Test "A is at least B, up to `margin`": one-sided non-inferiority, by Welch's bounds guarded against skewness.

    SUPPORTED if the lower bound of A - B lies above -margin, REFUTED if the upper bound lies below it. Either error has
    probability 1 - `confidence` at most, as far as seeds are independent and no more skewed than `SKEWNESS`; that a
    seed's A and B move together makes it rarer.

    Args:
        a: the side that the relation speaks of.
        b: the side it is compared with.
        margin: by how much A may be lower.
        confidence: of each bound.
        names: of the sides.
        unit: of the values.
        paired: whether the sides are compared seed by seed, over the seeds that both have: for arms that share what
            makes them vary. It is decided by what the arms are, beforehand.
    """
    question = Question(f"{names[0]} at least {names[1]}", f"{names[0]} - {names[1]}", margin, confidence, unit)
    return above(difference(Difference(a, b, paired=paired)), question, -margin)


@with_paper_of_pair
def greater(
    a: Sample,
    b: Sample,
    confidence: float | None = None,
    names: tuple[str, str] = ("A", "B"),
    unit: str = "points",
    least: float = 0.0,
    paired: bool = False,
) -> Verdict:
    """Test "A is greater than B", or with `least` "A is greater than B by more than that".

    SUPPORTED if the lower bound of A - B lies above `least`, REFUTED if the upper bound lies below it. Without a
    smallest amount REFUTED thus means that A was shown to be *below* B, and equal arms stay INCONCLUSIVE with any
    number of seeds. A smallest amount belongs to the sentence ("far above"), never to the tier. The verdict's margin
    is -`least`; `paired` is as in `at_least`.
    """
    relation = f"{names[0]} greater than {names[1]}{amount(least)}"
    question = Question(relation, f"{names[0]} - {names[1]}", -least, confidence, unit)
    return replace(above(difference(Difference(a, b, paired=paired)), question, least), power=None)


@with_paper_of_pair
def equivalent(
    a: Sample,
    b: Sample,
    margin: float,
    confidence: float | None = None,
    names: tuple[str, str] = ("A", "B"),
    unit: str = "points",
    paired: bool = False,
) -> Verdict:
    """Test "A equals B, up to `margin`" by two one-sided tests (Schuirmann 1987), each as in `at_least`.

    SUPPORTED if both bounds of A - B lie inside ±margin. REFUTED if the whole interval lies outside, and the error of
    saying so, on both sides together, is at most 1 - `confidence`.
    """
    question = Question(f"{names[0]} equivalent to {names[1]}", f"{names[0]} - {names[1]}", margin, confidence, unit)
    return within(difference(Difference(a, b, paired=paired)), question)


def amount(least: float) -> str:
    """Return how a relation's sentence ends that asks for a smallest amount."""
    return f" + {least:g}" if least else ""


def shown(p: float | None) -> float:
    """Return a p-value, 1 where there is none since nothing could be tested."""
    return 1.0 if p is None else p


def chances(contrast: Contrast, bar: float) -> tuple[float, float]:
    """Return the p-values by which `above` calls it SUPPORTED and REFUTED; 1 where a side has too few seeds."""
    if contrast.fewest < 2:
        return 1.0, 1.0
    se, df, bend = error(contrast.sides)
    t = (contrast.estimate - bar) / se
    return tail(t, df, bend), tail(-t, df, bend)


def above(contrast: Contrast, question: Question, bar: float) -> Verdict:
    """Test "the contrast lies above `bar`": SUPPORTED and REFUTED are each shown by a one-sided bound."""
    level, mean = question.level, contrast.estimate
    if contrast.fewest < 2:
        return _too_few(contrast, question)
    se, df, bend = error(contrast.sides)
    width = float(reach(level, df, bend)) * se
    state: State = "SUPPORTED" if mean - width > bar else "REFUTED" if mean + width < bar else "INCONCLUSIVE"
    seeds = seeds_needed(contrast.sides, abs(mean - bar), level) if state == "INCONCLUSIVE" else None
    p, against = chances(contrast, bar)
    chance = power(contrast.sides, -bar, level)
    bounds = mean, mean - width, mean + width
    return question.answer(
        state, bounds, p, contrast.n, bar=f"{bar or 0:g}", power=chance, seeds=seeds, against=against
    )


def within(contrast: Contrast, question: Question) -> Verdict:
    """Test "the contrast lies within ±margin"."""
    level, mean, margin = question.level, contrast.estimate, question.margin
    if contrast.fewest < 2:
        return _too_few(contrast, question)
    se, df, bend = error(contrast.sides)
    width = float(reach(level, df, bend)) * se
    state: State = "SUPPORTED" if abs(mean) + width < margin else "INCONCLUSIVE"
    p = tail((margin - abs(mean)) / se, df, bend)
    against = min(1.0, sum(tail(seen / se, df, bend) for seen in (abs(mean) - margin, abs(mean) + margin)))
    if against <= 1 - level:
        state = "REFUTED"
    seeds = seeds_needed(contrast.sides, abs(abs(mean) - margin), level) if state == "INCONCLUSIVE" else None
    chance = power(contrast.sides, margin, level, both=True)
    bounds = mean, mean - width, mean + width
    return question.answer(state, bounds, p, contrast.n, bar=f"±{margin:g}", power=chance, seeds=seeds, against=against)


def _too_few(contrast: Contrast, question: Question) -> Verdict:
    reason = f"A test needs two seeds on each side; here one has {contrast.fewest}."
    if contrast.common:
        reason = f"A test needs two seeds that all sides have in common; here are {contrast.fewest}."
    return question.open(contrast.estimate, contrast.n, reason)

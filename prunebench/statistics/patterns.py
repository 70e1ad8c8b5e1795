"""Patterns of what pruning keeps: alike from seed to seed (C17), even or uneven over the stages (C18, C19).

A pattern is the share, 0 to 1, that each layer, stage or kernel position keeps, for one seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, cast

from prunebench.statistics.pairs import above
from prunebench.statistics.reported import Relation
from prunebench.statistics.samples import sample
from prunebench.statistics.verdict import Question, State, Verdict
from prunebench.statistics.welch import Contrast, smallest

UNIT = "kept share"

Patterns = Sequence[Sequence[float]]

_MIRRORED: dict[State, State] = {
    "SUPPORTED": "REFUTED",
    "REFUTED": "SUPPORTED",
    "INCONCLUSIVE": "INCONCLUSIVE",
}


def _with_patterns(relation: Relation) -> Relation:
    """Let a verdict keep the patterns that it was derived from, as its number `patterns`."""

    @wraps(relation)
    def both(patterns: Patterns, *args: Any, **kwargs: Any) -> Verdict:
        return replace(relation(patterns, *args, **kwargs), numbers={"patterns": patterns})

    return cast(Relation, both)


@_with_patterns
def consistent(patterns: Patterns, bound: float, confidence: float | None = None, name: str = "pattern") -> Verdict:
    """Test "the kept share of a layer varies over seeds by less than `bound`" (C17; Table 7 shows such deviations).

    The statistic is the root of the mean over layers of the variance over seeds. A correlation between the patterns
    of two seeds would call an even pattern inconsistent however well it is reproduced; so it only stands in the reason.

    The layers of one seed are not independent (a global threshold couples them). Their summed variance is the trace of
    the covariance S over seeds, n - 1 times which goes as a scaled chi-square with (n - 1) tr(S)² / tr(S²) degrees of
    freedom (Box 1954), between n - 1 and (n - 1)²: from few seeds S looks more coupled than it is, which is on the safe
    side. SUPPORTED if the upper bound lies below `bound`, REFUTED if the lower bound lies above it.

    Args:
        patterns: one per seed, all of the same layers.
        bound: standard deviation over seeds, in kept share.
        confidence: of each bound.
        name: what the patterns are of.

    Raises:
        ValueError: patterns have different numbers of layers.
    """
    from scipy.special import chdtr

    shares, n = _array(patterns), (len(patterns), len(patterns[0]) if patterns else 0)
    relation = f"{name} varies over seeds by less than {bound:g}"
    question = Question(relation, f"deviation of {name}", bound, confidence, UNIT)
    if n[0] < 2 or not n[1]:
        return question.open(0.0, n, f"A deviation over seeds needs two patterns with a layer; here are {n[0]}.")
    variance, df = _variance(shares)

    def state(seeds: int) -> State:
        lower, upper = _bounds(variance, df * (seeds - 1) / (n[0] - 1), question.level)
        return "SUPPORTED" if upper < bound else "REFUTED" if lower > bound else "INCONCLUSIVE"

    found = state(n[0])
    seeds = smallest(lambda more: state(more) != "INCONCLUSIVE", n[0]) if found == "INCONCLUSIVE" else None
    p = float(chdtr(df, df * variance / bound**2))
    bar = f"{bound:g}, the mean correlation between two seeds' patterns is {_correlation(shares)}"
    bounds = variance**0.5, *_bounds(variance, df, question.level)
    return question.answer(found, bounds, p, n, bar=bar, seeds=seeds)


@_with_patterns
def uneven(patterns: Patterns, bound: float, confidence: float | None = None, name: str = "kept share") -> Verdict:
    """Test "`name` differs over the stages by more than `bound`": its largest less its smallest value, mean over seeds.

    SUPPORTED if the one-sided t bound over the seeds lies above `bound` (C19: far from even), REFUTED if the upper one
    lies below it. It speaks of the patterns as they are: the noise of a seed makes its pattern less even.

    Args:
        patterns: one per seed, over the stages.
        bound: of the spread, in kept share.
        confidence: of each bound.
        name: what is shared out over the stages.
    """
    relation = f"{name} over stages spread by more than {bound:g}"
    return _spread(patterns, Question(relation, f"spread of {name}", bound, confidence, UNIT))


@_with_patterns
def even(patterns: Patterns, bound: float, confidence: float | None = None, name: str = "kept share") -> Verdict:
    """Test "`name` differs over the stages by less than `bound`" (C18: nearly even): the opposite of `uneven`."""
    relation = f"{name} over stages spread by less than {bound:g}"
    verdict = _spread(patterns, Question(relation, f"spread of {name}", bound, confidence, UNIT))
    p = None if verdict.p is None else 1 - verdict.p
    return replace(verdict, state=_MIRRORED[verdict.state], p=p)


def _spread(patterns: Patterns, question: Question) -> Verdict:
    spreads = sample([max(pattern) - min(pattern) for pattern in patterns])
    verdict = above(Contrast([(1.0, spreads)]), question, question.margin)
    return replace(verdict, n=(spreads.n, len(patterns[0]) if patterns else 0), power=None)


def _array(patterns: Patterns) -> Any:
    import numpy as np

    lengths = {len(pattern) for pattern in patterns}
    if len(lengths) > 1:
        raise ValueError(f"patterns of {sorted(lengths)} layers given; each seed's must have the same layers")
    return np.array(patterns, dtype=float)


def _variance(shares: Any) -> tuple[float, float]:
    """Return the variance over seeds, mean over layers, and its degrees of freedom."""
    n, layers = shares.shape
    rest = shares - shares.mean(axis=0)
    gram = rest @ rest.T / (n - 1)  # has the trace of S, and of S², and is smaller than S
    trace = float(gram.trace())
    return trace / layers, (n - 1) * trace**2 / float((gram**2).sum()) if trace > 0 else n - 1


def _bounds(variance: float, df: float, level: float) -> tuple[float, float]:
    """Return the one-sided bounds of a deviation whose squared estimate goes as a chi-square."""
    from scipy.special import chdtri

    return (variance * df / chdtri(df, 1 - level)) ** 0.5, (variance * df / chdtri(df, level)) ** 0.5


def _correlation(shares: Any) -> str:
    """Return the mean of Pearson's correlation over pairs of seeds; an even pattern has none."""
    import numpy as np

    if (shares.std(axis=1) < 1e-9).any():
        return "undefined, as a pattern is even"
    n = len(shares)
    return f"{(np.corrcoef(shares).sum() - n) / (n * (n - 1)):.2f}"

"""Patterns of what pruning keeps: alike from seed to seed (C17), even or uneven over the stages (C18, C19).

A pattern is the share, 0 to 1, that each layer, stage or kernel position keeps, for one seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import wraps
from itertools import permutations
from typing import Any, cast

from prunebench.statistics.pairs import above
from prunebench.statistics.reported import Relation
from prunebench.statistics.samples import Sample, sample
from prunebench.statistics.verdict import Question, State, Verdict
from prunebench.statistics.welch import SKEWNESS, Contrast, smallest

UNIT = "kept share"

KURTOSIS = 1.5 * SKEWNESS**2
"""Excess kurtosis of a share over seeds that a deviation's bounds allow for: that of a gamma distribution so skewed."""

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
    side. They are fewer by what a `KURTOSIS` adds to a variance's own. SUPPORTED if the upper bound lies below `bound`,
    REFUTED if the lower bound lies above it. Layers that no seed prunes deviate by nothing, and count.

    Args:
        patterns: one per seed, all of the same layers.
        bound: standard deviation over seeds, in kept share.
        confidence: of each bound.
        name: what the patterns are of.

    Raises:
        ValueError: patterns have different numbers of layers.
    """
    from scipy.special import chdtr, chdtrc

    shares, n = _array(patterns), (len(patterns), len(patterns[0]) if patterns else 0)
    relation = f"{name} varies over seeds by less than {bound:g}"
    question = Question(relation, f"deviation of {name}", bound, confidence, UNIT)
    if n[0] < 2 or not n[1]:
        return question.open(0.0, n, f"A deviation over seeds needs two patterns with a layer; here are {n[0]}.")
    variance, df = _variance(shares)

    def state(seeds: int) -> State:
        scaled = df * (seeds - 1) / (n[0] - 1) * _thinner(seeds) / _thinner(n[0])
        lower, upper = _bounds(variance, scaled, question.level)
        return "SUPPORTED" if upper < bound else "REFUTED" if lower > bound else "INCONCLUSIVE"

    found = state(n[0])
    seeds = smallest(lambda more: state(more) != "INCONCLUSIVE", n[0]) if found == "INCONCLUSIVE" else None
    p, against = (float(side(df, df * variance / bound**2)) for side in (chdtr, chdtrc))
    bar = f"{bound:g}, the mean correlation between two seeds' patterns is {_correlation(shares)}"
    bounds = variance**0.5, *_bounds(variance, df, question.level)
    return question.answer(found, bounds, p, n, bar=bar, seeds=seeds, against=against)


@_with_patterns
def uneven(patterns: Patterns, bound: float, confidence: float | None = None, name: str = "kept share") -> Verdict:
    """Test "`name` differs over the stages by more than `bound`" (C19: far from even), in the mean over seeds.

    It speaks of the pattern that seeds have in common: noise makes the largest and the smallest stage of each seed
    differ even where all stages are the same. So a seed's spread is that between the two stages which are the largest
    and the smallest of the mean of the *other* seeds; SUPPORTED if the lower t bound of these lies above `bound`. As a
    seed has a say in the others' stages, their error is taken n / (n - 1) of its variance. REFUTED if no two stages
    differ by more: the upper t bound of each pair lies below `bound`, an intersection-union test.

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
    return replace(verdict, state=_MIRRORED[verdict.state], p=verdict.p_refuted, p_refuted=verdict.p)


def _spread(patterns: Patterns, question: Question) -> Verdict:
    shares, n = _array(patterns), (len(patterns), len(patterns[0]) if patterns else 0)
    if n[0] < 2 or n[1] < 2:
        return question.open(0.0, n, f"A spread needs two patterns of two stages; here are {n[0]} of {n[1]}.")
    seeds, bound = n[0], question.margin
    mean = shares.mean(axis=0)
    others = (mean * seeds - shares) / (seeds - 1)
    own = sample(float(x[o.argmax()] - x[o.argmin()]) for x, o in zip(shares, others, strict=True))
    low = _over(replace(own, std=own.std * (seeds / (seeds - 1)) ** 0.5), question)
    gaps = [shares[:, i] - shares[:, j] for i, j in permutations(range(n[1]), 2)]
    pairs = [_over(sample(map(float, gap)), question) for gap in gaps]
    bounds = float(mean.max() - mean.min()), low.lower, max(pair.upper for pair in pairs)
    against = max(pair.p_refuted or 0.0 for pair in pairs)
    state: State = "SUPPORTED" if low.lower > bound else "REFUTED" if bounds[2] < bound else "INCONCLUSIVE"
    return question.answer(state, bounds, low.p, n, bar=f"{bound:g}", against=against)


def _over(spreads: Sample, question: Question) -> Verdict:
    return above(Contrast([(1.0, spreads)], (spreads.n, 0)), question, question.margin)


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
    return trace / layers, _thinner(n) * ((n - 1) * trace**2 / float((gram**2).sum()) if trace > 0 else n - 1)


def _thinner(n: int) -> float:
    """Return by what an excess kurtosis divides the degrees of freedom of a variance of n values."""
    return 1 / (1 + KURTOSIS * (n - 1) / (2 * n))


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

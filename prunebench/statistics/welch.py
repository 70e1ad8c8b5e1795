"""Welch's arithmetic for any weighted sum of means: its error, its bounds, its power, and the seeds that are needed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from prunebench.statistics.samples import Difference, Sample, row_count

MOST_SEEDS = 1000
"""No more seeds per side than this are ever proposed."""

Sides: TypeAlias = Sequence[tuple[Any, int]]
"""Per sample: the variance of one seed, times the squared weight of the sample in the sum, and the seeds."""


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of the means of independent samples, such as A - B, or the mean over rows of A - B.

    Attributes:
        terms: weight and sample; A's weights are positive, B's negative.
    """

    terms: Sequence[tuple[float, Sample]]

    @property
    def estimate(self) -> float:
        """The sum; 0 where a sample has no seed."""
        return sum(weight * s.mean for weight, s in self.terms) if self.fewest else 0.0

    @property
    def fewest(self) -> int:
        """Seeds of the sample that has the fewest."""
        return min((s.n for _, s in self.terms), default=0)

    @property
    def n(self) -> tuple[int, int]:
        """Seeds of A and of B."""
        return sum(s.n for w, s in self.terms if w > 0), sum(s.n for w, s in self.terms if w < 0)

    @property
    def sides(self) -> Sides:
        """What the error of the sum is made of."""
        return [(weight**2 * s.variance, s.n) for weight, s in self.terms]


def mean_difference(rows: Sequence[Difference]) -> Contrast:
    """Return the weighted mean of A - B over rows.

    Rows are independent but for an arm that several share, such as one dense network that is pruned to three ratios:
    samples alike on one side are one sample, whose error counts with its whole weight.
    """
    weights: dict[tuple[int, Sample], float] = {}
    for d in rows:
        for sign, side in ((1, _told(d.a)), (-1, _told(d.b))):
            weights[sign, side] = weights.get((sign, side), 0.0) + sign * d.weight / row_count(rows)
    return Contrast([(weight, side) for (_, side), weight in weights.items()])


def _told(side: Sample) -> Sample:
    return replace(side, paper=None, values=(), seeds=())


def error(sides: Sides) -> tuple[Any, Any]:
    """Return the standard error and its Welch-Satterthwaite degrees of freedom; variances may be arrays."""
    variance = sum(v / n for v, n in sides)
    return variance**0.5, variance**2 / sum((v / n) ** 2 / (n - 1) for v, n in sides)


def seeds_needed(sides: Sides, distance: float, confidence: float) -> int | None:
    """Return the smallest n per side, from the largest there is, that brings both bounds closer than `distance`."""
    from scipy.special import stdtrit

    def settled(n: int) -> bool:
        se, df = error([(variance, n) for variance, _ in sides])
        return bool(distance > stdtrit(df, confidence) * se)

    return smallest(settled, max(n for _, n in sides))


def smallest(settled: Callable[[int], bool], start: int) -> int | None:
    """Return the smallest number of seeds from `start` that settles it, None if none up to `MOST_SEEDS` does.

    Bounds only come closer as n grows, so halving finds it.
    """
    candidates = range(start, MOST_SEEDS + 1)
    found = bisect_left(candidates, True, key=settled)
    return candidates[found] if found < len(candidates) else None


def power(sides: Sides, margin: float, confidence: float, both: bool = False) -> float:
    """Return P(lower bound > -margin), or P(`both` bounds within), at a true difference of 0 and variances `sides`.

    It is the mean over the variances that the test may see, on a lattice of quantiles of each side's chi-square. One
    noncentral t with Welch's degrees of freedom ignores that these vary too: with 3 seeds it says 0.65 for 0.58.
    """
    import numpy as np
    from scipy.special import chdtri, ndtr, stdtrit

    points, generator = 251, 96  # a rank-1 lattice: a prime, and a primitive root of it near its golden section
    steps = np.arange(points)
    quantiles = [(steps * pow(generator, i, points) % points + 0.5) / points for i in range(len(sides))]
    seen = [(v * chdtri(n - 1, q) / (n - 1), n) for (v, n), q in zip(sides, quantiles, strict=True)]
    se, df = error(seen)
    above = ndtr((margin - stdtrit(df, confidence) * se) / error(sides)[0])
    return float((np.maximum(2 * above - 1, 0) if both else above).mean())

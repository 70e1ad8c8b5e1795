"""Welch's arithmetic for a sum of means, guarded against skewed seeds: bounds, p-values, power, seeds needed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from prunebench.statistics.samples import Difference, Sample, mean_over_rows, row_count

MOST_SEEDS = 1000
"""No more seeds per side than this are ever proposed."""

SKEWNESS = 1.1
"""Skewness of a seed's accuracy, to either side, up to which errors are as rare as promised.

The arms of the published records are as skewed as gamma distributions of skewness -1: a few seeds fall far below the
others. Welch's own bounds would be wrong in 9 of 100 cases there, where 5 are allowed.
"""

Sides: TypeAlias = Sequence[tuple[Any, int]]
"""Per sample: the variance of one seed, times the squared weight of the sample in the sum, and the seeds."""


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of the means of independent samples: A - B, or a single sample that is a difference itself.

    Attributes:
        terms: weight and sample; A's weights are positive, B's negative.
        n: seeds of A and of B, as the verdict has them.
        common: whether its seeds are those that all sides have in common.
    """

    terms: Sequence[tuple[float, Sample]]
    n: tuple[int, int]
    common: bool = False

    @property
    def estimate(self) -> float:
        """The sum; 0 where a sample has no seed."""
        return sum(weight * s.mean for weight, s in self.terms) if self.fewest else 0.0

    @property
    def fewest(self) -> int:
        """Seeds of the sample that has the fewest."""
        return min((s.n for _, s in self.terms), default=0)

    @property
    def sides(self) -> Sides:
        """What the error of the sum is made of."""
        return [(weight**2 * s.variance, s.n) for weight, s in self.terms]


def difference(row: Difference) -> Contrast:
    """Return A - B of one row: seed by seed if the row is paired and its values are known, else of two samples."""
    return mean_difference([row])


def mean_difference(rows: Sequence[Difference]) -> Contrast:
    """Return the weighted mean of A - B over rows.

    Rows share dense networks and seeds, so that they are not independent; what is, are the seeds. Each seed gives one
    number for each side, its mean over the rows, and these are the two samples; or, if all rows are paired, one number,
    its mean of A - B. A side's seeds are those that it has in every row. Where only means and deviations are known, as
    of the paper's numbers, nobody can tell how the rows hang together, and their errors are added up as if they went
    together entirely, with the degrees of freedom of the sample that has the fewest seeds.
    """
    n, total = seed_count(rows), row_count(rows)
    a, b = ([(d.weight / total, side) for d, side in of] for of in ([(d, d.a) for d in rows], [(d, d.b) for d in rows]))
    if len(rows) == 1 and not (rows[0].paired and rows[0].a.values and rows[0].b.values):
        return Contrast([(1.0, rows[0].a), (-1.0, rows[0].b)], n)
    if rows and all(d.paired for d in rows) and (gaps := mean_over_rows([*a, *((-w, side) for w, side in b)])):
        return Contrast([(1.0, gaps)], n, common=True)
    first, second = mean_over_rows(a), mean_over_rows(b)
    if first and second:
        return Contrast([(1.0, first), (-1.0, second)], n, common=True)
    return Contrast([(1.0, _together(rows, total))], n)


def _together(rows: Sequence[Difference], total: int) -> Sample:
    """Return the mean of A - B as a sample with the error that it has if all rows go together."""
    fewest = min((d.seeds for d in rows), default=0)
    mean = sum(d.weight / total * (d.a.mean - d.b.mean) for d in rows)
    se = sum(d.weight / total * (d.a.variance / d.a.n + d.b.variance / d.b.n) ** 0.5 for d in rows) if fewest else 0.0
    return Sample(mean, se * fewest**0.5, fewest)


def seed_count(rows: Sequence[Difference]) -> tuple[int, int]:
    """Return the seeds of A and of B over all rows; an arm that rows share, as one dense network, counts once."""
    a, b = ({replace(side, paper=None) for side in sides} for sides in ([d.a for d in rows], [d.b for d in rows]))
    return sum(s.n for s in a), sum(s.n for s in b)


def error(sides: Sides) -> tuple[Any, Any, Any]:
    """Return the standard error of a sum, its degrees of freedom, and its bend; variances may be arrays.

    The degrees of freedom are Welch-Satterthwaite's, but where one sample has fewer seeds no more than a third above
    its own, since the spread of a small sample that dominates is often underestimated. The bend is the skewness that
    the sum may have.
    """
    import numpy as np

    variance = sum(v / n for v, n in sides)
    welch = variance**2 / sum((v / n) ** 2 / (n - 1) for v, n in sides)
    counts = [n for _, n in sides]
    df = welch if len(set(counts)) == 1 else np.minimum(welch, 4 / 3 * (min(counts) - 1))
    third = sum((v / n) ** 1.5 / n**0.5 for v, n in sides)
    return variance**0.5, df, SKEWNESS * third / variance**1.5


def reach(level: float, df: Any, bend: Any) -> Any:
    """Return how many standard errors a bound lies away: Student's quantile, and what skewness adds to it.

    A studentised mean of skewness g has its quantile where that of t has q + g (1 + 2 q²) / 6 (Johnson, Journal of the
    American Statistical Association 73, 1978, from the expansion of Cornish and Fisher).
    """
    from scipy.special import stdtrit

    q = stdtrit(df, level)
    return q + bend * (1 + 2 * q**2) / 6


def tail(t: float, df: float, bend: float) -> float:
    """Return the p-value of t standard errors: 1 less the level at which `reach` is t."""
    from scipy.special import stdtr

    rest = t - bend / 6
    q = 2 * rest / (1 + (1 + 4 * bend / 3 * rest) ** 0.5) if rest > 0 else rest
    return float(stdtr(df, -q))


def seeds_needed(sides: Sides, distance: float, confidence: float) -> int | None:
    """Return the smallest n per side, from the largest there is, that brings both bounds closer than `distance`."""

    def settled(n: int) -> bool:
        se, df, bend = error([(variance, n) for variance, _ in sides])
        return bool(distance > reach(confidence, df, bend) * se)

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
    from scipy.special import chdtri, ndtr

    points, generator = 251, 96  # a rank-1 lattice: a prime, and a primitive root of it near its golden section
    steps = np.arange(points)
    quantiles = [(steps * pow(generator, i, points) % points + 0.5) / points for i in range(len(sides))]
    seen = [(v * chdtri(n - 1, q) / (n - 1), n) for (v, n), q in zip(sides, quantiles, strict=True)]
    se, df, bend = error(seen)
    above = ndtr((margin - reach(confidence, df, bend) * se) / error(sides)[0])
    return float((np.maximum(2 * above - 1, 0) if both else above).mean())

"""What is compared: an arm over its seeds, and the difference of two arms in a row."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_LEAST_VARIANCE = 1e-12  # an interval has a width even where no resolution is given


@dataclass(frozen=True)
class Sample:
    """One arm over its seeds, measured here or published.

    Attributes:
        mean: accuracy in percent, or another measure; 0 stands for none where `n` is 0.
        std: standard deviation over the seeds (ddof = 1), in the same unit; 0 for a single seed.
        n: number of seeds.
        resolution: the smallest step of a value; for accuracies, 100 / number of test images.
        paper: what the paper has for this arm; None where it has nothing.
    """

    mean: float
    std: float
    n: int
    resolution: float = 0.0
    paper: Sample | None = None

    @property
    def variance(self) -> float:
        """Variance of one seed, at least resolution² / 12, that of rounding to whole test images.

        Seeds that agree to the last image are no evidence that their spread, and so the interval, is zero.
        """
        return max(self.std**2, self.resolution**2 / 12, _LEAST_VARIANCE)


def sample(values: Iterable[float], resolution: float = 0.0) -> Sample:
    """Summarise the accuracies (percent) or other measures of one arm's seeds; none at all is a sample of size 0."""
    values = list(values)
    n = len(values)
    mean = math.fsum(values) / max(n, 1)
    std = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / max(n - 1, 1))
    return Sample(mean, std, n, resolution)


@dataclass(frozen=True)
class Difference:
    """A - B in one row.

    Attributes:
        a: the side that the relation speaks of.
        b: the side it is compared with.
        weight: how many rows this is: rows that share their outcomes are one observation and are passed once.
        paper: what the paper has for each of these rows, which there are different ones; fewer where it has no number.
    """

    a: Sample
    b: Sample
    weight: int = 1
    paper: tuple[Difference, ...] = ()

    @property
    def seeds(self) -> int:
        """Seeds of the side that has fewer."""
        return min(self.a.n, self.b.n)


def row_count(rows: Sequence[Difference]) -> int:
    """Return how many rows these are, each counted with its weight."""
    return sum(d.weight for d in rows)

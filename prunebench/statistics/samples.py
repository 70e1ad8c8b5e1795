"""What is compared: an arm over its seeds, and the difference of two arms in a row."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

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
        values: by seed; empty where only mean and deviation are known, as of the paper's numbers.
        seeds: which seeds these are, in the order of `values`.
    """

    mean: float
    std: float
    n: int
    resolution: float = 0.0
    paper: Sample | None = None
    values: tuple[float, ...] = ()
    seeds: tuple[int, ...] = ()

    @property
    def variance(self) -> float:
        """Variance of one seed, at least resolution² / 12, that of rounding to whole test images.

        Seeds that agree to the last image are no evidence that their spread, and so the interval, is zero.
        """
        return max(self.std**2, self.resolution**2 / 12, _LEAST_VARIANCE)

    @property
    def by_seed(self) -> dict[int, float]:
        """The values by seed; empty where they are not known."""
        return dict(zip(self.seeds, self.values, strict=True))

    def raised(self, by: float) -> Sample:
        """Return the sample with `by` added to every value."""
        return replace(self, mean=self.mean + by, values=tuple(value + by for value in self.values))


def sample(values: Iterable[float], resolution: float = 0.0, seeds: Sequence[int] | None = None) -> Sample:
    """Summarise the accuracies (percent) or other measures of one arm's seeds; none at all is a sample of size 0.

    Args:
        values: one per seed.
        resolution: the smallest step of a value.
        seeds: which these are; by default 0, 1, ...

    Raises:
        ValueError: not one seed per value, or a seed twice.
    """
    values = tuple(values)
    n = len(values)
    known = tuple(range(n)) if seeds is None else tuple(seeds)
    if len(known) != n or len(set(known)) != n:
        raise ValueError(f"{n} values of the seeds {list(known)} given; each value has a seed of its own")
    mean = math.fsum(values) / max(n, 1)
    std = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / max(n - 1, 1))
    return Sample(mean, std, n, resolution, values=values, seeds=known)


@dataclass(frozen=True)
class Difference:
    """A - B in one row.

    Attributes:
        a: the side that the relation speaks of.
        b: the side it is compared with.
        weight: how many rows this is: rows that share their outcomes are one observation and are passed once.
        paper: what the paper has for each of these rows, which there are different ones; fewer where it has no number.
        paired: whether a seed's A and B share what makes them vary, so that they are compared seed by seed. The caller
            says so beforehand, by what the arms are, never by what their numbers look like.
    """

    a: Sample
    b: Sample
    weight: int = 1
    paper: tuple[Difference, ...] = ()
    paired: bool = False

    @property
    def seeds(self) -> int:
        """Seeds of the side that has fewer."""
        return min(self.a.n, self.b.n)


def row_count(rows: Sequence[Difference]) -> int:
    """Return how many rows these are, each counted with its weight."""
    return sum(d.weight for d in rows)


def distinct(rows: Sequence[Difference]) -> list[Difference]:
    """Return the rows with those of the very same samples as one, of their weights' sum: they are one observation."""
    merged: dict[tuple[Sample, Sample, bool], Difference] = {}
    for d in rows:
        key = replace(d.a, paper=None), replace(d.b, paper=None), d.paired
        same = merged.get(key, replace(d, weight=0, paper=()))
        merged[key] = replace(same, weight=same.weight + d.weight, paper=(*same.paper, *d.paper))
    return list(merged.values())


def mean_over_rows(sides: Sequence[tuple[float, Sample]]) -> Sample | None:
    """Return the weighted sum of samples, such as an arm's mean over rows, as a sample with one value per seed.

    The seeds are those that every sample has, so that each value is of the same rows; others are left out. None where a
    sample has no values by seed, or there is none.
    """
    known = [side.by_seed for _, side in sides]
    if not known or not all(known):
        return None
    shared = [seed for seed in known[0] if all(seed in values for values in known)]
    weighted = [(weight, values) for (weight, _), values in zip(sides, known, strict=True)]
    values = [math.fsum(weight * of[seed] for weight, of in weighted) for seed in shared]
    return sample(values, math.hypot(*(weight * side.resolution for weight, side in sides)), shared)

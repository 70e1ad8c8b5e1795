"""Arms that may fall short by one standard deviation of another one, which is itself only estimated (C08)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from prunebench.statistics.samples import Difference, Sample

WIDER = 2.5
"""How much less certain a mean less a deviation is than the mean: of noise with a skewness of -1 its error is 1.7 times
as large; the rest is for three seeds, of which the estimate of the deviation itself varies (docs/statistics.md)."""


def within_std(rows: Iterable[Difference]) -> list[Difference]:
    """Return the differences with each `a` lifted by one standard deviation of its `b`.

    The deviation is the one expected of so few seeds, which is more than they show, and what is not known of it counts
    as spread of `b`.
    """
    return [
        replace(row, a=row.a.raised(_expected(row.b)), b=_wider(row.b), paper=tuple(within_std(row.paper)))
        for row in rows
    ]


def _expected(sample: Sample) -> float:
    """Return the standard deviation without the bias of few seeds: over c4(n), as of normal noise."""
    n = sample.n
    if n < 2:
        return 0.0
    return sample.std * math.sqrt((n - 1) / 2) * math.exp(math.lgamma((n - 1) / 2) - math.lgamma(n / 2))


def _wider(sample: Sample) -> Sample:
    values = tuple(sample.mean + WIDER * (value - sample.mean) for value in sample.values)
    return replace(sample, std=WIDER * sample.std, values=values)

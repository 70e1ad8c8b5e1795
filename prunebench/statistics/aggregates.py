"""Many methods on many rows -> one number each: interquartile means, and the chance that one beats another.

Both are of Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice" (NeurIPS 2021): a
mean without its extreme quarters depends on no single row or seed, and a chance on no scale. Intervals come from a
bootstrap over rows and seeds. Rows are drawn within their network. All methods have the same rows and seeds in a draw,
since these share a dense network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

DRAWS = 2000

CONFIDENCE = 0.95

Scores = Mapping[str, Mapping[str, Sequence[float]]]
"""By method and row, one value per seed."""


@dataclass(frozen=True)
class Estimate:
    """A number with its two-sided 95 % interval."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Standing:
    """Where a method stands among others over several rows.

    Attributes:
        method: its name.
        mean: interquartile mean over all rows and seeds, in the unit of the scores.
        ranks: best and worst place by that mean which the draws allow.
        beats: chance that a seed of it is above a seed of the method that it is held against, mean over the rows; a
            tie counts half. None for that method itself.
    """

    method: str
    mean: Estimate
    ranks: tuple[int, int]
    beats: Estimate | None


def standings(scores: Scores, networks: Mapping[str, str], against: str) -> list[Standing]:
    """Return where methods stand, the highest mean first.

    Args:
        scores: all methods have the same rows, and all rows equally many seeds, two at least.
        networks: of each row.
        against: method that the others are held against.

    Raises:
        ValueError: a method lacks a row or seeds, or `against` has no scores.
    """
    import numpy as np

    methods, rows = list(scores), list(networks)
    if against not in scores:
        raise ValueError(f"{against!r} has no scores; valid are {', '.join(methods)}")
    sizes = {(method, row): len(scores[method].get(row, ())) for method in methods for row in rows}
    (odd, count), fewest = max(sizes.items(), key=lambda one: one[1]), min(sizes, key=lambda one: sizes[one])
    if count != sizes[fewest] or count < 2:
        raise ValueError(f"{odd[0]} has {count} seeds in {odd[1]}, {fewest[0]} {sizes[fewest]} in {fewest[1]}")
    seen = np.array([[list(scores[method][row]) for row in rows] for method in methods], float)
    draws = _draws(seen, [networks[row] for row in rows])
    base = methods.index(against)
    means, chances = _means(draws), _chances(draws, base)
    mean, chance = _means(seen[None])[0], _chances(seen[None], base)[0]
    ranks = _ranks(means)
    found = [
        Standing(
            method,
            _estimate(mean[i], means[:, i]),
            ranks[i],
            None if i == base else _estimate(chance[i], chances[:, i]),
        )
        for i, method in enumerate(methods)
    ]
    return sorted(found, key=lambda one: -one.mean.value)


def _draws(seen: Array, networks: Sequence[str]) -> Array:
    """Return bootstrap draws [B, methods, rows, seeds] of scores [methods, rows, seeds].

    A draw of n seeds has (n - 1) / n of their variance, which is made up for about the mean of each row.
    """
    import numpy as np

    rng, seeds = np.random.default_rng(0), seen.shape[2]
    middle = seen.mean(axis=2, keepdims=True)
    wide = middle + (seen - middle) * np.sqrt(seeds / (seeds - 1))
    groups = [[i for i, other in enumerate(networks) if other == network] for network in dict.fromkeys(networks)]
    rows = np.concatenate([np.array(own)[rng.integers(len(own), size=(DRAWS, len(own)))] for own in groups], axis=1)
    chosen = rng.integers(seeds, size=(*rows.shape, seeds))
    found: Array = wide[:, rows[:, :, None], chosen].swapaxes(0, 1)
    return found


def _means(draws: Array) -> Array:
    """Return interquartile means [B, methods] of scores [B, methods, rows, seeds]; a quarter may end within a value."""
    import numpy as np

    values = np.sort(draws.reshape(*draws.shape[:2], -1), axis=2)
    n = values.shape[2]
    edges = np.arange(n + 1) / n
    weights = np.clip(edges[1:], 0.25, 0.75) - np.clip(edges[:-1], 0.25, 0.75)
    found: Array = 2 * values @ weights
    return found


def _chances(draws: Array, base: int) -> Array:
    """Return by draw and method the chance that it is above method number `base`, mean over the rows."""
    import numpy as np

    signs = np.sign(draws[..., :, None] - draws[:, base : base + 1, :, None, :])
    found: Array = (1 + signs.mean(axis=(2, 3, 4))) / 2
    return found


def _ranks(means: Array) -> list[tuple[int, int]]:
    """Return the places of methods that all but the extreme draws give; those that are equal share their places."""
    import numpy as np

    best = 1 + (means[:, None, :] > means[:, :, None]).sum(axis=2)
    worst = (means[:, None, :] >= means[:, :, None]).sum(axis=2)
    tail = (1 - CONFIDENCE) / 2
    low = np.quantile(best, tail, axis=0, method="lower")
    high = np.quantile(worst, 1 - tail, axis=0, method="higher")
    return [(int(a), int(b)) for a, b in zip(low, high, strict=True)]


def _estimate(value: float, drawn: Any) -> Estimate:
    import numpy as np

    tail = (1 - CONFIDENCE) / 2
    return Estimate(float(value), float(np.quantile(drawn, tail)), float(np.quantile(drawn, 1 - tail)))

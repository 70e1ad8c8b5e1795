"""From scores per channel to a plan: how the channels to remove are shared out over the layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from prunebench.pruning.plan import Plan, PlanError, UnsuitedError

PROTECTED = 0.1
"""Share of each layer's channels that `keep_protected` keeps (PruningBench, Li, H. et al. 2024)."""


def keep_global(scores: Mapping[str, Tensor], ratio: float) -> Plan:
    """Keep the channels above one threshold, y[int(total * ratio)] of all sorted scores (network slimming).

    As in the paper's code the threshold's own channel goes too, but ratio 0 removes nothing. Where a layer would lose
    every channel (that code crashes) it keeps its best one, and the plan notes it.

    Args:
        scores: by layer, shape [channels], higher is better.
        ratio: share of all channels to remove, in [0, 1).

    Raises:
        PlanError: there are no scores, or one is not a number.
    """
    layers = _checked(scores)
    ranked = torch.cat(list(layers.values())).sort().values
    threshold = ranked[int(len(ranked) * ratio)] if ratio > 0 else -torch.inf
    above = {name: score > threshold for name, score in layers.items()}
    saved = [name for name, kept in above.items() if not kept.any()]
    for name in saved:
        above[name][layers[name].argmax()] = True
    notes = (f"{name} would have lost all of its {len(layers[name])} channels and keeps its best one" for name in saved)
    keep = {name: tuple(kept.nonzero().flatten().tolist()) for name, kept in above.items()}
    return Plan(keep, _totals(layers), tuple(notes))


def keep_uniform(scores: Mapping[str, Tensor], ratio: float) -> Plan:
    """Keep the int(width * (1 - ratio)) best channels of every layer, at least 1.

    Args:
        scores: by layer, shape [channels], higher is better; of equal ones the first is kept.
        ratio: share of each layer's channels to remove, in [0, 1).

    Raises:
        PlanError: there are no scores, or one is not a number.
    """
    return keep_counts(scores, {name: max(1, int(len(score) * (1 - ratio))) for name, score in scores.items()})


def keep_protected(scores: Mapping[str, Tensor], ratio: float) -> Plan:
    """Keep the channels above one threshold, and the best tenth of every layer in any case, at least 1.

    Args:
        scores: by layer, shape [channels], higher is better.
        ratio: share of all channels to remove, in [0, 1).

    Raises:
        PlanError: there are no scores, one is not a number, or the protected channels are more than may stay.
    """
    layers = _checked(scores)
    for score in layers.values():
        score[_best(score, math.ceil(PROTECTED * len(score)))] = torch.inf
    total, held = sum(map(len, layers.values())), sum(int(s.isposinf().sum()) for s in layers.values())
    if ratio > 0 and int(total * ratio) >= total - held:
        raise PlanError(
            f"ratio {ratio} cannot be met: {held} of {total} channels are protected, a tenth of every layer; "
            f"valid ratios are below {(total - held) / total:.3f}"
        )
    return keep_global(layers, ratio)


def keep_counts(scores: Mapping[str, Tensor], counts: Mapping[str, int]) -> Plan:
    """Keep a given number of the best channels of each layer, as predefined architectures do.

    Args:
        scores: by layer, shape [channels], higher is better; of equal ones the first is kept.
        counts: channels to keep, by layer; a layer without a count is left out of the plan and keeps all.

    Raises:
        PlanError: there are no scores, one is not a number, or a layer has a count and no scores or fewer channels.
    """
    layers, keep = _checked(scores), {}
    for name, count in counts.items():
        if name not in layers or not 0 < count <= len(layers[name]):
            given = f"{len(layers[name])} scores" if name in layers else "no scores"
            raise PlanError(f"cannot keep {count} channels of {name}, which has {given}")
        keep[name] = tuple(_best(layers[name], count).tolist())
    return Plan(keep, {name: len(layers[name]) for name in keep})


def allocate(
    scores: Mapping[str, Tensor], ratio: float, allocation: str | Sequence[tuple[str, int]] = "uniform"
) -> Plan:
    """Return the plan of an allocation by name: `uniform`, `global`, `protected`, or given counts.

    Args:
        scores: by layer, shape [channels], higher is better.
        ratio: share to remove, in [0, 1).
        allocation: a name, or pairs of a layer and the channels that it keeps, which make the ratio void.

    Raises:
        PlanError: there is no such allocation, or scores, counts or ratio do not fit.
    """
    if not isinstance(allocation, str):
        return keep_counts(scores, dict(allocation))
    if allocation not in _ALLOCATIONS:
        raise PlanError(
            f"unknown allocation {allocation!r}; valid are {', '.join(_ALLOCATIONS)}, or pairs of layer and count"
        )
    return _ALLOCATIONS[allocation](scores, ratio)


_ALLOCATIONS: dict[str, Callable[[Mapping[str, Tensor], float], Plan]] = {
    "uniform": keep_uniform,
    "global": keep_global,
    "protected": keep_protected,
}


def _best(score: Tensor, count: int) -> Tensor:
    """Return the ascending indices of the best channels, of equal ones the first."""
    return score.sort(descending=True, stable=True).indices[:count].sort().values


def _checked(scores: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the scores on the CPU, where equal ones are ordered the same everywhere."""
    if not scores:
        raise UnsuitedError("no scores: the method found no layer of this network that it can prune")
    layers = {name: _tensor(score).detach().double().cpu().clone() for name, score in scores.items()}
    for name, score in layers.items():
        if score.dim() != 1 or not len(score):
            raise PlanError(f"scores of {name} have shape {list(score.shape)}; expected one number per channel")
        if score.isnan().any():
            raise PlanError(f"score of {name}, channel {int(score.isnan().int().argmax())}, is not a number")
    return layers


def _tensor(score: Any) -> Tensor:
    """Return scores as a tensor, also where they are an array of NumPy or a list."""
    return score if isinstance(score, Tensor) else torch.as_tensor(np.asarray(score))


def _totals(layers: Mapping[str, Tensor]) -> dict[str, int]:
    return {name: len(score) for name, score in layers.items()}

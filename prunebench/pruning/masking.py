"""Single weights: which can be pruned, how masks are chosen, kept through training and drawn anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from prunebench import networks
from prunebench.pruning.mask import Mask
from prunebench.pruning.plan import Plan, PlanError, UnsuitedError

SAMPLE, AROUND = 50_000, 600
"""Size of the sample that `smallest` takes of many values, and the places on either side that it looks between."""


def maskable(network: nn.Module) -> dict[str, Tensor]:
    """Return the weights that are pruned one by one: those of all convolutions, by module name (paper p.4).

    Raises:
        PlanError: there are none.
    """
    weights = {name: m.weight for name, m in network.named_modules() if isinstance(m, _ConvNd)}
    if not weights:
        raise UnsuitedError(f"{type(network).__name__} has no convolution, and only their weights are masked")
    return weights


def above_threshold(
    scores: Mapping[str, Tensor], ratio: float, among: Mapping[str, Tensor] | None = None
) -> dict[str, Tensor]:
    """Return boolean masks of the weights above one threshold, y[int(total * ratio)] of all sorted scores.

    As in the paper's code the threshold's own weight goes too, but ratio 0 removes nothing.

    Args:
        scores: by module name, in the shape of the weight, higher is better.
        ratio: share of all weights to remove, in [0, 1).
        among: masks of the weights that are still there, by default of all; the others are the first to go.

    Raises:
        PlanError: a score is not a number.
    """
    left = among or {name: torch.ones_like(score, dtype=torch.bool) for name, score in scores.items()}
    if any(scores[name].min().isnan() and scores[name][mask].isnan().any() for name, mask in left.items()):
        raise PlanError("a score is not a number, so the weights cannot be ranked")
    total, there = sum(mask.numel() for mask in left.values()), sum(int(mask.sum()) for mask in left.values())
    at = int(total * ratio) - (total - there)
    if ratio == 0 or at < 0:
        return dict(left)
    threshold = smallest([scores[name].detach() for name in left], list(left.values()), at)
    return {name: (scores[name] > threshold) & mask for name, mask in left.items()}


def smallest(values: Sequence[Tensor], among: Sequence[Tensor], at: int) -> float:
    """Return the value at a place of all sorted values; looked for between two of a sample that enclose it.

    Args:
        values: in any shapes.
        among: boolean, which of them count, in the same shapes.
        at: the place, from 0, less than how many count.
    """
    parts = [(part.flatten(), mask.flatten()) for part, mask in zip(values, among, strict=True)]
    step, count = 1 + sum(len(part) for part, _ in parts) // SAMPLE, sum(int(mask.sum()) for _, mask in parts)
    sample = torch.cat([part[::step][mask[::step]] for part, mask in parts]).sort().values
    place, last = at * len(sample) // count, len(sample) - 1
    low, high = (sample[max(place - AROUND, 0)], sample[min(place + AROUND, last)]) if len(sample) else (0, 0)
    below = sum(int(((part < low) & mask).sum()) for part, mask in parts)
    between = torch.cat([part[(part >= low) & (part <= high) & mask] for part, mask in parts])
    if not below <= at < below + len(between):
        below, between = 0, torch.cat([part[mask] for part, mask in parts])
    return float(between.kthvalue(at - below + 1).values)


def plan_of(kept: Mapping[str, Tensor]) -> Plan:
    """Return the plan of boolean masks by module name; it notes the layers that lose every weight."""
    masks = {name: Mask.of(mask) for name, mask in kept.items()}
    notes = tuple(f"{name} loses all of its {m.size} weights" for name, m in masks.items() if not m.kept)
    return Plan({}, {}, notes, masks=masks)


def hold(network: nn.Module, masks: Mapping[str, Mask]) -> Callable[[nn.Module], None]:
    """Return a hook for training that clears the gradients of masked weights after each backward pass.

    A weight that begins at zero without momentum and gets no gradient stays exactly zero under SGD with any momentum,
    Nesterov's too, and weight decay; so the hook must come after every penalty (`training.regularisers.chain`).

    Args:
        network: with the masked weights at zero, as `surgery.apply` returns it.
        masks: kept weights by module name.
    """
    held = [(w, ~mask.tensor().to(w.device)) for w, mask in _weights(network, masks)]

    def clear(_: nn.Module) -> None:
        for weight, removed in held:
            if weight.grad is not None:
                weight.grad.masked_fill_(removed, 0)

    return clear


def draw(network: nn.Module, masks: Mapping[str, Mask], generator: torch.Generator, rescaled: bool = True) -> None:
    """Draw fresh weights for a masked network, in place; one that `initialise` has no rules for keeps its own.

    Args:
        network: dense shapes; its convolutions are masked.
        masks: kept weights by module name.
        generator: source of all randomness.
        rescaled: draw the masked convolutions from N(0, sqrt(2 / n)) with n = kept / in_channels, as the paper's code
            does (weight-level; p.7 finds no gain in it), instead of with the spread of the dense network.
    """
    if networks.drawable(network):
        networks.initialise(network, generator)
    with torch.no_grad():
        for weight, mask in _weights(network, masks):
            if rescaled and mask.kept:
                noise = torch.empty(mask.shape, device=generator.device).normal_(generator=generator)
                weight.copy_(noise * math.sqrt(2 * mask.shape[1] / mask.kept))
            weight.masked_fill_(~mask.tensor().to(weight.device), 0)


def _weights(network: nn.Module, masks: Mapping[str, Mask]) -> list[tuple[nn.Parameter, Mask]]:
    return [(network.get_parameter(f"{name}.weight"), mask) for name, mask in masks.items()]

"""The average kernel pattern of a stage under magnitude pruning, drawn anew (guided sparsification, p.9)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from prunebench.pruning.context import Context
from prunebench.pruning.masking import above_threshold, maskable, plan_of
from prunebench.pruning.methods import magnitude
from prunebench.pruning.plan import Plan
from prunebench.pruning.stages import matched, stages

Pattern = Sequence[Sequence[float]]


def prune(network: nn.Module, ratio: float, context: Context, pattern: Pattern | None = None) -> Plan:
    """Keep each weight with the share that its place in the kernel keeps in its stage on average.

    Args:
        network: trained.
        ratio: of magnitude pruning.
        context: its example gives the sizes of the maps, its generator the draws.
        pattern: share of every place of the kernel by stage, by default the one found here; another network's makes
            the transferred sparsification.
    """
    weights, draw = maskable(network), context.generator
    found = _stages(network, context)
    own = (share.flatten().tolist() for share in _shares(network, ratio, context))
    kept = {}
    for stage, share in matched(found, pattern, own):
        for name in stage:
            shape = weights[name].shape
            chance = torch.tensor(share).reshape(1, 1, *shape[2:])
            kept[name] = torch.rand(shape, generator=draw, device=draw.device).cpu() < chance
    return plan_of({name: kept[name] for name in weights if name in kept})


def pattern(network: nn.Module, ratio: float, context: Context) -> tuple[tuple[float, ...], ...]:
    """Return by stage the share of weights kept at each place of the kernel, row by row; for another network."""
    return tuple(tuple(share.flatten().tolist()) for share in _shares(network, ratio, context))


def _shares(network: nn.Module, ratio: float, context: Context) -> list[Tensor]:
    kept = above_threshold(magnitude.score(network, context), ratio)
    return [
        torch.stack([kept[name].double().mean((0, 1)) for name in stage]).mean(0) for stage in _stages(network, context)
    ]


def _stages(network: nn.Module, context: Context) -> list[list[str]]:
    kernels = {name: tuple(weight.shape[2:]) for name, weight in maskable(network).items()}
    return stages(network, list(kernels), context.example, kernels)

"""Filters of the smallest L2 norm of every convolution, zeroed after each epoch (soft filter pruning, He et al. 2018)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from prunebench.pruning.context import Context
from prunebench.pruning.masks import maskable, plan_of
from prunebench.pruning.plan import Plan


def prune(network: nn.Module, ratio: float, context: Context) -> Plan:
    """Mask int(filters * ratio) filters of every convolution: the ones that are zero after soft pruning."""
    masks = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in maskable(network).items()}
    for name, weight in maskable(network).items():
        masks[name][weakest(weight, ratio)] = False
    return plan_of(masks)


def weakest(weight: Tensor, ratio: float) -> Tensor:
    """Return the int(filters * (1 - rate)) filters of smallest L2 norm, of equal ones the first; rate is 1 - ratio."""
    count = int(len(weight) * (1 - (1 - ratio)))
    return weight.detach().flatten(1).norm(dim=1).sort(stable=True).indices[:count]

"""Smallest of the weights that are left, 20 % per round between trainings (lottery tickets, Frankle & Carbin 2019)."""

from __future__ import annotations

import torch
from torch import nn

from prunebench.pruning.context import Context
from prunebench.pruning.masks import above_threshold, maskable, plan_of
from prunebench.pruning.methods.magnitude import score
from prunebench.pruning.plan import Plan, PlanError


def prune(network: nn.Module, ratio: float, context: Context) -> Plan:
    """Mask `ratio` of the weights that are not zero yet; a round per call, on the network that the last one trained.

    Eleven rounds of 0.2 leave 80, 64, .., 8.6 % of the weights (paper, Fig. 7).

    Raises:
        PlanError: no weight is left.
    """
    sizes = {name: magnitude.masked_fill(magnitude == 0, -torch.inf) for name, magnitude in score(network, context).items()}
    total = sum(weight.numel() for weight in maskable(network).values())
    left = sum(int(size.isfinite().sum()) for size in sizes.values())
    if not left:
        raise PlanError("every weight of the network's convolutions is zero already")
    if ratio == 0:
        return plan_of({name: size > -torch.inf for name, size in sizes.items()})
    removed = total - left + int(left * ratio)
    return plan_of(above_threshold(sizes, (removed + 0.5) / total))

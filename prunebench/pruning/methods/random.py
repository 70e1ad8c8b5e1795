"""Random channels, the same share of every layer: what any score has to beat."""

from __future__ import annotations

import torch
from torch import nn

from prunebench.pruning.allocation import keep_uniform
from prunebench.pruning.context import Context
from prunebench.pruning.groups import prunable
from prunebench.pruning.plan import Plan


def prune(network: nn.Module, ratio: float, context: Context) -> Plan:
    """Remove `ratio` of the channels of each layer, drawn from the context's generator."""
    draw = context.generator
    groups = prunable(network, context.example)
    return keep_uniform({g.name: torch.rand(g.channels, generator=draw, device=draw.device) for g in groups}, ratio)

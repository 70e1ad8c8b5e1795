"""Smallest batch-norm scales of the whole network, one global threshold (network slimming, Liu et al. 2017)."""

from __future__ import annotations

from torch import Tensor, nn

from prunebench.pruning.allocation import keep_global
from prunebench.pruning.context import Context
from prunebench.pruning.groups import prunable
from prunebench.pruning.plan import Plan


def prune(network: nn.Module, ratio: float, context: Context) -> Plan:
    """Remove `ratio` of all channels that have a batch normalisation, those with the smallest |scale|."""
    return keep_global(scales(network, context.example), ratio)


def scales(network: nn.Module, example: Tensor) -> dict[str, Tensor]:
    """Return |scale| of every channel that has a batch normalisation, by the name of its group."""
    return {group.name: group.norm.weight.abs() for group in prunable(network, example) if group.norm is not None}

"""Filters with the smallest L1 norm, the same share of every layer (Li et al. 2017)."""

from __future__ import annotations

from torch import nn

from prunebench.pruning.allocation import keep_uniform
from prunebench.pruning.context import Context
from prunebench.pruning.groups import prunable
from prunebench.pruning.plan import Plan


def prune(network: nn.Module, ratio: float, context: Context) -> Plan:
    """Remove `ratio` of the filters of each layer whose outputs no other layer shares."""
    filters = {g.name: g.producer.weight for g in prunable(network, context.example) if g.producer is not None}
    return keep_uniform({name: weight.flatten(1).abs().sum(1) for name, weight in filters.items()}, ratio)

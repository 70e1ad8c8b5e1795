"""Smallest batch-norm scales of all layers, one threshold (network slimming, Liu et al. 2017; PruningBench BNScale)."""

from __future__ import annotations

from torch import Tensor, nn

from prunebench.pruning.compose import by_score
from prunebench.pruning.context import Context
from prunebench.pruning.groups import prunable


def score(network: nn.Module, context: Context) -> dict[str, Tensor]:
    """Return |scale| of every channel that has a batch normalisation, by the name of its group."""
    groups = prunable(network, context.example)
    return {group.name: group.norm.weight.abs() for group in groups if group.norm is not None}


prune = by_score(score, "global")

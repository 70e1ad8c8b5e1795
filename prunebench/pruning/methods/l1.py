"""Filters with the smallest L1 norm, the same share of every layer (Li et al. 2017)."""

from __future__ import annotations

from torch import Tensor, nn

from prunebench.pruning.compose import by_score
from prunebench.pruning.context import Context
from prunebench.pruning.groups import prunable


def score(network: nn.Module, context: Context) -> dict[str, Tensor]:
    """Return the L1 norm of the filters of each layer whose outputs no other layer shares."""
    filters = {g.name: g.producer.weight for g in prunable(network, context.example) if g.producer is not None}
    return {name: weight.flatten(1).abs().sum(1) for name, weight in filters.items()}


prune = by_score(score)

"""Channels whose feature maps have the lowest rank on average (PruningBench HRank; Lin et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from prunebench.pruning.activations import outputs
from prunebench.pruning.compose import by_score
from prunebench.pruning.context import Context
from prunebench.pruning.groups import prunable

IMAGES = 32
"""The mean rank hardly depends on which images are taken or how many (Lin et al. 2020)."""


def score(network: nn.Module, context: Context) -> dict[str, Tensor]:
    """Return the mean rank of each channel's maps behind batch normalisation and ReLU, as in the authors' code."""
    names = [group.name for group in prunable(network, context.example)]
    maps = outputs(network, names, context.images[:IMAGES])
    return {name: _rank(found.relu()) for name, found in maps.items()}


def _rank(maps: Tensor) -> Tensor:
    maps = maps if maps.dim() == 4 else maps[..., None, None]
    ranks: Tensor = torch.linalg.matrix_rank(maps).double()
    return ranks.mean(0)


prune = by_score(score)

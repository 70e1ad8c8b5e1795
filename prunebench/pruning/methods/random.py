"""Random channels, the same share of every layer: what any score has to beat."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from prunebench.pruning.compose import by_score
from prunebench.pruning.context import Context
from prunebench.pruning.groups import prunable


def score(network: nn.Module, context: Context) -> dict[str, Tensor]:
    """Return numbers drawn from the context's generator."""
    draw = context.generator
    return {
        g.name: torch.rand(g.channels, generator=draw, device=draw.device) for g in prunable(network, context.example)
    }


prune = by_score(score)

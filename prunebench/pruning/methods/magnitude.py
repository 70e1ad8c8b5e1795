"""Smallest weights of all convolutions as masks, one global threshold (Han et al. 2015; paper p.4)."""

from __future__ import annotations

from torch import Tensor, nn

from prunebench.pruning.compose import by_weight
from prunebench.pruning.context import Context
from prunebench.pruning.masking import maskable


def score(network: nn.Module, context: Context) -> dict[str, Tensor]:
    """Return |weight| of all convolutions (paper's code, weight-level)."""
    return {name: weight.detach().abs() for name, weight in maskable(network).items()}


prune = by_weight(score)
"""One-shot: the ratio is that of all weights, those at zero included; so a pruned network can be pruned further."""

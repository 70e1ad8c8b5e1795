"""Weights with the smallest |weight * gradient| of the first loss, at initialisation (SNIP, Lee et al. 2019)."""

from __future__ import annotations

from torch import Tensor, nn

from prunebench.pruning.compose import by_weight
from prunebench.pruning.context import Context
from prunebench.pruning.importance import fresh_gradients
from prunebench.pruning.masking import maskable


def score(network: nn.Module, context: Context) -> dict[str, Tensor]:
    """Return |weight * gradient| of all convolutions over the context's images; batch statistics, as in training."""
    ready = maskable(fresh_gradients(network, context))
    return {name: (w * w.grad).detach().abs() for name, w in ready.items() if w.grad is not None}


prune = by_weight(score)
at_initialisation = True

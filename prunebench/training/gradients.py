"""Penalties that act on the gradients after each backward pass."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from prunebench.training.engine import Hook


def chain(*hooks: Hook | None) -> Hook | None:
    """Return one hook that calls those that are not None in order, None if there are none; masks come last."""
    given = [hook for hook in hooks if hook is not None]

    def call(network: nn.Module) -> None:
        for hook in given:
            hook(network)

    return call if given else None


def bn_l1(network: nn.Module, strength: float) -> Hook:
    """Return the L1 penalty on the scales of all batch normalisations: grad += strength * sign(scale).

    Source: Liu et al. 2017, Learning Efficient Convolutional Networks through Network Slimming.
    """
    scales: list[Tensor] = [m.weight for m in network.modules() if isinstance(m, _BatchNorm)]

    def penalise(_: nn.Module) -> None:
        with torch.no_grad():
            grads = [s.grad for s in scales if s.grad is not None]
            torch._foreach_add_(grads, torch._foreach_sign(scales), alpha=strength)

    return penalise

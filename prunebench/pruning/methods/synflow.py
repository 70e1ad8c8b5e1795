"""Weights with the least synaptic flow, 100 rounds without data, at initialisation (SynFlow, Tanaka et al. 2020)."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from prunebench.pruning.compose import by_weight
from prunebench.pruning.context import Context
from prunebench.pruning.masking import maskable


def magnitudes(network: nn.Module) -> nn.Module:
    """Return a copy of a network with every parameter at its magnitude.

    In double precision, since the flow through a deep network grows beyond single precision.
    """
    copy = deepcopy(network).double().requires_grad_(True).eval()
    with torch.no_grad():
        for parameter in copy.parameters():
            parameter.abs_()
    return copy


def score(network: nn.Module, context: Context) -> dict[str, Tensor]:
    """Return weight * gradient of the summed outputs for an image of ones; the network has `magnitudes`."""
    weights = maskable(network)
    flow = network(torch.ones_like(context.example[:1], dtype=torch.double)).sum()
    grads = torch.autograd.grad(flow, list(weights.values()))
    return {name: grad.mul_(w.detach()) for (name, w), grad in zip(weights.items(), grads, strict=True)}


prune = by_weight(score, rounds=100, prepare=magnitudes)
at_initialisation = True

"""Magnitude pruning's masks with the places shuffled inside each layer: only its ratio is left (Su et al. 2020)."""

from __future__ import annotations

import torch
from torch import nn

from prunebench.pruning.context import Context
from prunebench.pruning.masking import plan_of
from prunebench.pruning.methods import magnitude
from prunebench.pruning.plan import Plan


def prune(network: nn.Module, ratio: float, context: Context) -> Plan:
    """Keep as many weights of each convolution as magnitude pruning does, drawn from the context's generator."""
    draw, kept = context.generator, {}
    for name, mask in magnitude.prune(network, ratio, context).masks.items():
        own = mask.tensor().flatten()
        kept[name] = own[torch.randperm(len(own), generator=draw, device=draw.device).cpu()].reshape(mask.shape)
    return plan_of(kept)

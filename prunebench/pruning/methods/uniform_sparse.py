"""Masks that drop each weight with the same probability (uniform sparsification, paper p.8, Fig. 5 right)."""

from __future__ import annotations

import torch
from torch import nn

from prunebench.pruning.context import Context
from prunebench.pruning.masking import maskable, plan_of
from prunebench.pruning.plan import Plan


def prune(network: nn.Module, ratio: float, context: Context) -> Plan:
    """Mask every weight of the convolutions with probability `ratio`, drawn from the context's generator."""
    draw = context.generator
    return plan_of(
        {n: torch.rand(w.shape, generator=draw, device=draw.device) >= ratio for n, w in maskable(network).items()}
    )

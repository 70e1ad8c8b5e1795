"""The same share of every layer, by batch-norm scale (the paper's uniform baseline of Figs. 3, 5 and 6)."""

from __future__ import annotations

from torch import nn

from prunebench.pruning.allocation import keep_uniform
from prunebench.pruning.context import Context
from prunebench.pruning.methods.slimming import scales
from prunebench.pruning.plan import Plan


def prune(network: nn.Module, ratio: float, context: Context) -> Plan:
    """Remove `ratio` of each layer that slimming would prune."""
    return keep_uniform(scales(network, context.example), ratio)

"""The average kernel pattern that magnitude pruning finds in another network (transferred, paper p.9, Fig. 6)."""

from __future__ import annotations

from torch import nn

from prunebench.pruning.context import Context
from prunebench.pruning.methods import guided_sparse
from prunebench.pruning.plan import Plan


def prune(network: nn.Module, ratio: float, context: Context, pattern: guided_sparse.Pattern) -> Plan:
    """Keep each weight with the share that the pattern gives its place in the kernel.

    Args:
        network: that gets the pattern.
        ratio: not used: the pattern says what is kept.
        context: its example gives the sizes of the maps, its generator the draws.
        pattern: share of every place of the kernel by stage, as `guided_sparse.pattern` returns it.
    """
    return guided_sparse.prune(network, ratio, context, pattern)

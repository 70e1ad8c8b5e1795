"""The average width of a stage that slimming found in another network (transferred design, paper p.9, Fig. 5)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from prunebench.pruning.context import Context
from prunebench.pruning.methods import guided
from prunebench.pruning.plan import Plan


def prune(network: nn.Module, ratio: float, context: Context, pattern: Sequence[float]) -> Plan:
    """Keep the pattern's share of channels in every layer of a stage, the best by scale, at least 1.

    Args:
        network: that gets the pattern.
        ratio: not used: the pattern says what is kept.
        context: its example gives the sizes of the maps.
        pattern: share of channels that each stage keeps, as `guided.pattern` returns it for the other network.
    """
    return guided.prune(network, ratio, context, pattern)

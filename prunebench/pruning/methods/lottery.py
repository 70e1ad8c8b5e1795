"""Smallest of the weights that are left, one round of iterating (lottery tickets, Frankle & Carbin 2019)."""

from __future__ import annotations

from torch import nn

from prunebench.pruning.context import Context
from prunebench.pruning.masking import plan_of, smallest
from prunebench.pruning.methods.magnitude import score
from prunebench.pruning.plan import Plan, PlanError


def prune(network: nn.Module, ratio: float, context: Context) -> Plan:
    """Mask `ratio` of the weights that are not zero yet; a round per call, on the network that the last one trained.

    Eleven rounds of 0.2 leave 80, 64, .., 8.6 % of the weights (paper, Fig. 7).

    Raises:
        PlanError: no weight is left.
    """
    sizes = score(network, context)
    left = [size > 0 for size in sizes.values()]
    count = sum(int(mask.sum()) for mask in left)
    if not count:
        raise PlanError("every weight of the network's convolutions is zero already")
    threshold = smallest(list(sizes.values()), left, int(count * ratio)) if ratio > 0 else 0.0
    return plan_of({name: size > threshold for name, size in sizes.items()})

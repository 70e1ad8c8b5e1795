"""Regularisers of pruning methods by name: what acts while the network that is pruned is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from torch import Tensor, nn

from prunebench.common.errors import PrunebenchError
from prunebench.pruning.group_penalties import GroupLasso, GroupNorm, Growing
from prunebench.pruning.methods.soft_filter import SoftFilter
from prunebench.pruning.methods.sss import BlockLasso

Acting: TypeAlias = Callable[[nn.Module], None]
"""Called with the network after each backward pass; it may also have `after_epoch(network, epochs)`."""

REGULARISERS: dict[str, Callable[[nn.Module, Tensor, float], Any]] = {
    "group_lasso": GroupLasso,
    "group_norm": GroupNorm,
    "growing": Growing,
    "soft_filter": SoftFilter,
    "sss": BlockLasso,
}
"""By the name in `experiment.Regulariser`, which beside these knows `bn_l1` and `method`."""


def regulariser(name: str, network: nn.Module, example: Tensor, strength: float) -> Acting:
    """Return what acts on a network during training.

    Args:
        name: one of `REGULARISERS`.
        network: that is trained.
        example: images to trace it with, shape [N, C, H, W].
        strength: factor of the penalty; of `soft_filter` the share of filters that is zeroed.

    Raises:
        PrunebenchError: there is no such regulariser.
        PlanError: the network has nothing that it acts on.
    """
    if name not in REGULARISERS:
        raise PrunebenchError(f"unknown regulariser {name!r}; valid are bn_l1, {', '.join(REGULARISERS)}")
    acting: Acting = REGULARISERS[name](network, example, strength)
    return acting

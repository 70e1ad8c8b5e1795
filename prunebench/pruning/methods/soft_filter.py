"""Filters with the smallest L2 norm of every layer, zeroed again and again (soft pruning, He et al. 2018)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from prunebench.pruning.context import Context
from prunebench.pruning.masking import maskable, plan_of
from prunebench.pruning.plan import Plan


def prune(network: nn.Module, ratio: float, context: Context) -> Plan:
    """Mask int(filters * ratio) filters of every convolution: the ones that are zero after soft pruning."""
    masks = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in maskable(network).items()}
    for name, weight in maskable(network).items():
        masks[name][weakest(weight, ratio)] = False
    return plan_of(masks)


class SoftFilter:
    """Sets the weakest filters to zero after every epoch; they keep training (He et al. 2018).

    A zeroed filter is back within a step, since batch normalisation scales its gradient by 1/sqrt(eps); only many
    zeroings teach the others to do without it.
    """

    def __init__(self, network: nn.Module, example: Tensor, strength: float) -> None:
        """Note the share.

        Args:
            network: that is trained.
            example: not used: every convolution is pruned.
            strength: share of the filters of each convolution that is zeroed, in [0, 1); 1 - rate in the paper's code.
        """
        self.ratio = strength

    def __call__(self, network: nn.Module) -> None:
        """Leave the gradients as they are."""

    def after_epoch(self, network: nn.Module, epochs: int) -> None:
        """Zero the weakest filters."""
        with torch.no_grad():
            for weight in maskable(network).values():
                weight.index_fill_(0, weakest(weight, self.ratio), 0)


def weakest(weight: Tensor, ratio: float) -> Tensor:
    """Return the int(filters * (1 - rate)) filters of smallest L2 norm, of equal ones the first; rate is 1 - ratio."""
    count = int(len(weight) * (1 - (1 - ratio)))
    order: Tensor = weight.detach().flatten(1).norm(dim=1).sort(stable=True).indices
    return order[:count]

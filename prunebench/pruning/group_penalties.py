"""Regularisers on whole groups of channels: they act on the gradients of all weights that would go with a channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from prunebench.pruning.dependencies import reads
from prunebench.pruning.groups import Survey, survey

TINY = 1e-8


@dataclass(frozen=True, eq=False)
class Part:
    """Slices of one weight that belong to a group.

    Attributes:
        weight: parameter of the network.
        axis: along which it is cut, 0 for outputs and 1 for inputs.
        at: indices along the axis, [n].
        channels: the group's channel of each of them, [n].
    """

    weight: nn.Parameter
    axis: int
    at: Tensor
    channels: Tensor

    def squares(self, count: int) -> Tensor:
        """Return the sum of squares that each of `count` channels has here."""
        own = self.weight.detach().index_select(self.axis, self.at).movedim(self.axis, 0)
        own = own.reshape(len(own), -1).square().sum(1)
        return own.new_zeros(count).index_add_(0, self.channels, own)

    def decay(self, factors: Tensor) -> None:
        """Add each channel's factor times the weight to the gradient."""
        if self.weight.grad is None:
            return
        own = self.weight.detach().index_select(self.axis, self.at)
        shape = [-1 if axis == self.axis else 1 for axis in range(own.dim())]
        self.weight.grad.index_add_(self.axis, self.at, own * factors[self.channels].reshape(shape))


def parts(network: nn.Module, example: Tensor) -> list[tuple[int, list[Part]]]:
    """Return by group of `prunable` its number of channels and the weights that go with them."""
    found = survey(network, example)
    names = {module: name for name, module in found.copy.named_modules()}
    return [(group.channels, _parts(network, found, found.coupled[group.name], names)) for group in found.groups]


def _parts(network: nn.Module, found: Survey, coupled: Any, names: Mapping[nn.Module, str]) -> list[Part]:
    own = []
    for index, (dependency, at) in enumerate(coupled):
        layer = dependency.target.module
        if isinstance(layer, _ConvNd | nn.Linear | _BatchNorm) and layer.weight is not None:
            weight = network.get_parameter(f"{names[layer]}.weight")
            where = torch.tensor(at, device=weight.device), torch.tensor(coupled[index].root_idxs, device=weight.device)
            own.append(Part(weight, int(reads(found.graph, dependency)), *where))
    return own


class GroupPenalty:
    """Decay of every group's weights, with a factor for each channel that depends on the channels' norms.

    Called with the network after each backward pass, it adds to the gradients.
    """

    def __init__(self, network: nn.Module, example: Tensor, strength: float) -> None:
        """Find the groups.

        Args:
            network: whose gradients it acts on.
            example: images to trace it with, shape [N, C, H, W].
            strength: factor of the penalty.

        Raises:
            PlanError: the network cannot be traced.
        """
        self.strength, self.groups = strength, parts(network, example)

    def __call__(self, network: nn.Module) -> None:
        """Add to the gradients."""
        with torch.no_grad():
            for index, squares in enumerate(self.squares()):
                factors = self.factors(index, squares)
                for part in self.groups[index][1]:
                    part.decay(factors)

    def squares(self) -> Iterator[Tensor]:
        """Yield by group the sum of squares of all weights that go with each channel."""
        for channels, own in self.groups:
            yield torch.stack([part.squares(channels) for part in own]).sum(0)

    def factors(self, group: int, squares: Tensor) -> Tensor:
        """Return the factor of each channel of a group."""
        raise NotImplementedError


class GroupNorm(GroupPenalty):
    """Decay that is up to 16 times stronger for a group's weakest channels (Fang et al. 2023)."""

    def factors(self, group: int, squares: Tensor) -> Tensor:
        """Return 16^s, s from 0 for the largest norm to 1 for the smallest."""
        return self.strength * 16 ** _weakness(squares.sqrt())


class GroupLasso(GroupPenalty):
    """L2 norm of all that goes with a channel, summed over channels (Yuan & Lin 2006; PruningBench's GroupLASSO).

    Torch-Pruning 1.6.1 has it for batch-norm scales only, where one scale per channel makes it the L1 norm.
    """

    def factors(self, group: int, squares: Tensor) -> Tensor:
        """Return the norm's derivative over the weight."""
        return self.strength / squares.sqrt().clamp_min(TINY)


class Growing(GroupPenalty):
    """Decay that grows every epoch, fastest for the weakest channels (GReg, Wang et al. 2021, as in Fang et al. 2023).

    What has grown is the number of epochs times the weakness after the last one, so that it can be known after a
    restart; Torch-Pruning's sums the weaknesses after each epoch.
    """

    _weakness: list[Tensor] | None = None

    def after_epoch(self, network: nn.Module, epochs: int) -> None:
        """Let the factors grow to what they are after so many epochs."""
        self._weakness = [epochs * _weakness(squares) for squares in self.squares()]

    def factors(self, group: int, squares: Tensor) -> Tensor:
        """Return 1 plus what has grown."""
        grown = 0 if self._weakness is None else self._weakness[group]
        return self.strength * (torch.ones_like(squares) + grown)


def _weakness(values: Tensor) -> Tensor:
    """Return 1 for the smallest value, 0 for the largest; 0 for all where they are equal."""
    return (values.max() - values) / (values.max() - values.min() + TINY)

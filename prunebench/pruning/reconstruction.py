"""Channel selection on what the next layer reads, and new weights for it: the frame of ThiNet and of He et al. 2017.

One pass through a copy of the network does it for all layers, front to back. Before a layer runs it is given the inputs
that the pruned layers before it produce; samples of them decide which of its input channels stay, its weights are then
fitted to the outputs that it has in the dense network, and with these weights it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from prunebench.networks.own import quick
from prunebench.pruning.context import Context
from prunebench.pruning.groups import survey
from prunebench.pruning.plan import Plan, UnsuitedError
from prunebench.pruning.predefined import predefined
from prunebench.pruning.readers import Reader, Sample, readers

RIDGE = 1e-2
"""Penalty on a change of weights, relative to the mean square norm of an input. The authors' 50,000 samples need none;
those of some hundred images can be fewer than the weights of one output."""

Select: TypeAlias = Callable[[Tensor, Tensor, int], Tensor]
"""From contributions [samples, channels] to outputs [samples], and a count: the channels to keep, ascending."""

Fit: TypeAlias = Callable[[Sample, Tensor], Tensor]
"""From a sample and its kept inputs, boolean [in]: the layer's new weight [out, in, window], zero elsewhere."""


Kept: TypeAlias = dict[str, Tensor]
Choose: TypeAlias = Callable[[str, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Reconstruction:
    """A method that selects channels by what they add to the next layer, and fits that layer's weights.

    Attributes:
        select: which channels of a group stay; asked at the first layer that reads them.
        fit: the weight of a layer that has lost inputs.
    """

    select: Select
    fit: Fit

    def prune(self, network: nn.Module, ratio: float, context: Context, target: str = "") -> Plan:
        """Keep int(channels * (1 - ratio)) of every group, at least 1.

        Args:
            network: that is pruned.
            ratio: share of each group to remove.
            context: its images are what is reconstructed.
            target: name of a predefined architecture, whose numbers of channels make the ratio void.

        Raises:
            PlanError: the network cannot be traced, or no layer of it reads prunable channels.
        """
        counts = predefined(target, network, context.example) if target else None

        def choose(name: str, contributions: Tensor, outputs: Tensor) -> Tensor:
            channels = contributions.shape[1]
            count = max(1, int(channels * (1 - ratio))) if counts is None else counts.get(name, channels)
            return torch.arange(channels) if count == channels else self.select(contributions, outputs, count)

        kept, totals, _ = self._pass(network, context, choose)
        return Plan({name: tuple(channels.tolist()) for name, channels in kept.items()}, totals)

    def inherit(self, network: nn.Module, plan: Plan, context: Context) -> nn.Module:
        """Return a copy of the network, all channels still there, with the weights that suit a plan of `prune`."""

        def choose(name: str, contributions: Tensor, outputs: Tensor) -> Tensor:
            return torch.tensor(plan.keep.get(name, range(contributions.shape[1])))

        return self._pass(network, context, choose)[2]

    def _pass(self, network: nn.Module, context: Context, choose: Choose) -> tuple[Kept, dict[str, int], nn.Module]:
        """Return the kept channels and the totals by group, and a copy of the network with the fitted weights."""
        found = survey(network, context.example)
        reading, kept = readers(found), Kept()
        if not reading:
            raise UnsuitedError("no scores: the method found no layer of this network that it can prune")
        hooks = [r.layer.register_forward_hook(partial(_remember, r, context.generator)) for r in reading]
        _run(found.copy, context.images, hooks)
        hooks = [r.layer.register_forward_pre_hook(partial(self._before, r, kept, choose)) for r in reading]
        _run(found.copy, context.images, hooks)
        fitted = deepcopy(network)
        fitted.load_state_dict(found.copy.state_dict())
        totals = {group.name: group.channels for group in found.groups if group.name in kept}
        return {name: kept[name] for name in totals}, totals, fitted

    def _before(self, reader: Reader, kept: Kept, choose: Choose, layer: nn.Module, x: tuple[Tensor]) -> None:
        sample = reader.sample(x[0])
        for name in [name for name in reader.reads if name not in kept]:
            kept[name] = choose(name, *_of_group(sample, *reader.reads[name])).cpu()
        left = torch.ones(sample.weight.shape[1], dtype=torch.bool)
        for name, (inputs, channels) in reader.reads.items():
            left[inputs] = torch.isin(channels, kept[name])
        if not left.all():
            weight = self.fit(sample, left.to(sample.weight.device))
            reader.layer.weight.copy_(weight.reshape_as(reader.layer.weight))


def ridge(a: Tensor, b: Tensor) -> Tensor:
    """Return the x that minimises |a x - b|^2 + RIDGE * |a|^2 / unknowns * |x|^2, in double precision.

    Args:
        a: [samples, unknowns].
        b: [samples, outputs].
    """
    a, b = a.double(), b.double()
    penalty = (RIDGE * a.square().sum() / a.shape[1]).clamp_min(torch.finfo(a.dtype).tiny ** 0.5)
    few = len(a) < a.shape[1]
    gram = a @ a.T if few else a.T @ a
    gram.diagonal().add_(penalty)
    solved: Tensor = torch.linalg.solve(gram, b if few else a.T @ b)
    return a.T @ solved if few else solved


def _of_group(sample: Sample, inputs: Tensor, channels: Tensor) -> tuple[Tensor, Tensor]:
    """Return what each channel of a group adds to the drawn outputs, and what all of them should add."""
    added = sample.contributions
    own = added.new_zeros(len(added), int(channels.max()) + 1)
    own.index_add_(1, channels.to(added.device), added[:, inputs.to(added.device)])
    return own, sample.target - (added.sum(1) - own.sum(1))


def _remember(reader: Reader, generator: torch.Generator, layer: nn.Module, x: tuple[Tensor], y: Tensor) -> None:
    reader.remember(y, generator)


def _run(network: nn.Module, images: Tensor, hooks: list[RemovableHandle]) -> None:
    with torch.no_grad():
        network(quick(network, images))
    for hook in hooks:
        hook.remove()

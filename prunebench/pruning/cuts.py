"""What surgery cuts off each layer of a network, as Torch-Pruning's dependency graph has it, all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils import parametrize

from prunebench.networks import ChannelSelection
from prunebench.pruning.dependencies import reads


@dataclass
class Cuts:
    """Channels to remove, by layer and side, counted as in the whole network.

    Attributes:
        silent: output channels that are to go, by the module that puts them out.
        sides: by name of a layer or parameter and whether it reads: the function of Torch-Pruning that makes it
            smaller, the dimension for a parameter, and the channels.
    """

    silent: dict[str, list[int]] = field(default_factory=dict)
    sides: dict[tuple[str, bool], tuple[Any, int, set[int]]] = field(default_factory=dict)

    def add(self, graph: Any, group: Any, name: str, removed: Sequence[int], shared: bool) -> None:
        """Add what goes with some channels.

        Args:
            graph: Torch-Pruning's, of the whole network.
            group: all that goes with the channels.
            name: layer that puts them out.
            removed: the channels.
            shared: whether other layers produce the same channels, so that these are silent too.
        """
        self.silent[name] = list(removed)
        for dependency, channels in group:
            module = dependency.target.module
            layer = graph._param_to_name[module] if isinstance(module, nn.Parameter) else graph._module2name.get(module)
            if layer is None:  # an operation without weights
                continue
            reading = reads(graph, dependency)
            key = layer, reading
            handler, dimension, known = self.sides.get(key, (dependency.handler, dependency.target.pruning_dim, set()))
            self.sides[key] = handler, dimension, known | set(channels)
            produces = isinstance(module, _ConvNd | nn.Linear | ChannelSelection) and not reading
            if shared and produces and not depthwise(module):
                self.silent[layer] = sorted({*self.silent.get(layer, ()), *channels})

    def include(self, others: Cuts) -> None:
        """Add the cuts of others."""
        self.silent.update(others.silent)
        for key, (handler, dimension, channels) in others.sides.items():
            known = self.sides.get(key, (handler, dimension, set()))[2]
            self.sides[key] = handler, dimension, known | channels

    def follow(self, unheard: Mapping[str, Sequence[int]]) -> bool:
        """Take from layers the inputs that are not heard where Torch-Pruning has others; return whether there are any.

        Args:
            unheard: as `silence.unheard` returns it.
        """
        wrong = {name: set(c) for name, c in unheard.items() if (name, True) in self.sides}
        wrong = {name: channels for name, channels in wrong.items() if channels != self.sides[name, True][2]}
        for name, channels in wrong.items():
            self.sides[name, True] = (*self.sides[name, True][:2], channels)
        return bool(wrong)

    def made_in(self, network: nn.Module) -> nn.Module:
        """Return a network after the cuts, which are made in itself."""
        trained = {name: parameter.requires_grad for name, parameter in network.named_parameters()}
        for (name, _), (handler, dimension, channels) in self.sides.items():
            _cut(network, name, handler, dimension, sorted(channels))
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(trained.get(name, True))
        return network


def depthwise(module: nn.Module) -> bool:
    """Return whether a layer makes each channel from one of its own."""
    return isinstance(module, _ConvNd) and 1 < module.groups == module.in_channels


def _cut(network: nn.Module, name: str, handler: Any, dimension: int, channels: list[int]) -> None:
    parent, _, last = name.rpartition(".")
    owner = network.get_submodule(parent)
    target = getattr(owner, last)
    with torch.no_grad():
        if isinstance(target, nn.Parameter):
            handler.__self__.pruning_dim = dimension
            setattr(owner, last, handler(target, channels))
        else:
            for parameter in target.parameters():
                parameter.grad = None  # of the old shape, where a weight is made from others
            handler(_Replaceable(target) if parametrize.is_parametrized(target) else target, channels)


class _Replaceable:
    """A layer whose weight is made from others, as one whose weight can be replaced: the others follow."""

    def __init__(self, layer: nn.Module) -> None:
        object.__setattr__(self, "layer", layer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.layer, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.layer, name, value.data if name == "weight" else value)

"""Where channels may be removed from a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from prunebench.networks import ChannelSelection
from prunebench.pruning.surgery import group_of, obstacle, producers, trace, width_of


@dataclass(frozen=True, eq=False)
class Group:
    """Channels that can be removed one by one, without those of another layer.

    Attributes:
        name: key for a plan: the selection, or the batch normalisation, or else the producer.
        channels: how many there are.
        norm: batch normalisation with a scale for exactly these channels, None where there is none.
        producer: layer whose filters they are; None for a selection, which reads what many layers have produced.
    """

    name: str
    channels: int
    norm: _BatchNorm | None
    producer: _ConvNd | nn.Linear | None


def prunable(network: nn.Module, example: Tensor) -> list[Group]:
    """Return the places where channels may be removed, in the order of the network's modules.

    Left out are the network's outputs, channels that several layers produce together (a residual trunk), trunks that
    are read through a selection, and grouped convolutions.

    Args:
        network: ours, torchvision's or a user's; it is not changed, and the groups hold its own modules.
        example: images on the network's device, shape [N, C, H, W].

    Raises:
        PlanError: the network cannot be traced.
    """
    return survey(network, example).groups


@dataclass(frozen=True, eq=False)
class Survey:
    """A network traced once: where channels may be removed, and what goes with them.

    Attributes:
        copy: traced copy of the network, in evaluation mode; its modules have the network's names.
        graph: Torch-Pruning's dependency graph of the copy.
        groups: where channels may be removed; they hold the modules of the network itself.
        coupled: Torch-Pruning's group of all channels of each, with the modules of the copy, by the group's name.
    """

    copy: nn.Module
    graph: Any
    groups: list[Group]
    coupled: dict[str, Any]


@torch.inference_mode(mode=False)  # a method may ask from within it, and no trace can be made there
def survey(network: nn.Module, example: Tensor) -> Survey:
    """Trace a network and return where channels may be removed, as `prunable` does, with what goes with them.

    Raises:
        PlanError: the network cannot be traced.
    """
    copy, graph = trace(network, example)
    found = Survey(copy, graph, [], {})
    names = {twin: name for name, twin in copy.named_modules()}
    for twin in names:
        if twin in graph.module2node and (coupled := _alone(graph, twin)) is not None:
            group = _group(network, names[twin], names.get(_norm(graph, twin)))
            found.groups.append(group)
            found.coupled[group.name] = coupled
    return found


def _group(network: nn.Module, name: str, norm_name: str | None) -> Group:
    module = network.get_submodule(name)
    norm = network.get_submodule(norm_name) if norm_name is not None else None
    return Group(
        name=name if norm_name is None or isinstance(module, ChannelSelection) else norm_name,
        channels=width_of(module) or 0,
        norm=norm if isinstance(norm, _BatchNorm) else None,
        producer=module if isinstance(module, _ConvNd | nn.Linear) else None,
    )


def _alone(graph: Any, module: nn.Module) -> Any:
    """Return the group of a module's channels if they can go without another layer's, else None."""
    if not isinstance(module, _ConvNd | nn.Linear | ChannelSelection):
        return None
    group = group_of(graph, module, range(width_of(module) or 0))
    touched = [dependency.target.module for dependency, _ in group]
    grouped = any(isinstance(m, _ConvNd) and 1 < m.groups < m.out_channels for m in touched)
    own = [p for p in producers(graph, group) if not _depthwise(p)]
    return group if not grouped and own == [module] and not obstacle(graph, group) else None


def _depthwise(module: nn.Module) -> bool:
    return isinstance(module, _ConvNd) and 1 < module.groups == module.in_channels


def _norm(graph: Any, module: nn.Module) -> Any:
    """Return the batch normalisation that a selection reads, or the one that alone reads a producer."""
    node = graph.module2node[module]
    neighbours = node.inputs if isinstance(module, ChannelSelection) else node.outputs
    only = neighbours[0].module if len(neighbours) == 1 else None
    fits = isinstance(only, _BatchNorm) and only.affine and only.num_features == width_of(module)
    return only if fits else None

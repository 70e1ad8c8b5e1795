"""Where channels may be removed from a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from prunebench.common.randomness import rng
from prunebench.networks import ChannelSelection
from prunebench.pruning.cuts import Cuts, depthwise
from prunebench.pruning.dependencies import company, group_of, obstacle, producers, trace
from prunebench.pruning.oracle import proven
from prunebench.pruning.plan import PlanError
from prunebench.pruning.surgery import width_of


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
    are read through a selection, grouped convolutions, and whatever surgery cannot remove without changing what the
    others say (`Survey.left_out` has the reasons).

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
        left_out: why the channels of each other convolution, linear layer or selection may not be removed.
    """

    copy: nn.Module
    graph: Any
    groups: list[Group]
    coupled: dict[str, Any]
    left_out: dict[str, str]


@torch.inference_mode(mode=False)  # a method may ask from within it, and no trace can be made there
def survey(network: nn.Module, example: Tensor) -> Survey:
    """Trace a network and return where channels may be removed, as `prunable` does, with what goes with them.

    Raises:
        PlanError: the network cannot be traced.
    """
    copy, graph = trace(network, example)
    found = Survey(copy, graph, [], {}, {})
    names, samples = {twin: name for name, twin in copy.named_modules()}, dict[str, Cuts]()
    for twin, name in names.items():
        if not isinstance(twin, _ConvNd | nn.Linear | ChannelSelection):
            continue
        try:
            coupled = _alone(graph, twin)
            group = _group(network, name, names.get(_norm(graph, twin)))
            samples[group.name] = _sample(graph, twin, group)
        except PlanError as error:
            found.left_out[name] = str(error)
            continue
        found.groups.append(group)
        found.coupled[group.name] = coupled
    for name, reason in _doubtful(network, example, samples):
        found.left_out[name] = reason
        del found.coupled[name]
    found.groups[:] = [group for group in found.groups if group.name in found.coupled]
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
    """Return the group of a module's channels, which can go without another layer's.

    Raises:
        PlanError: they cannot; says why.
    """
    if module not in graph.module2node:
        raise PlanError("it takes no part in the forward pass")
    group = group_of(graph, module, range(width_of(module) or 0))
    if reason := obstacle(graph, group):
        raise PlanError(reason)
    touched = [dependency.target.module for dependency, _ in group]
    name = graph._module2name
    if grouped := [m for m in touched if isinstance(m, _ConvNd) and 1 < m.groups < m.out_channels]:
        raise PlanError(f"{name[grouped[0]]} is a convolution of {grouped[0].groups} groups, which must stay alike")
    own = [producer for producer in producers(graph, group) if not depthwise(producer)]
    if own != [module]:
        others = [name[producer] for producer in own if producer is not module]
        raise PlanError(f"they are shared with {', '.join(others[:3])}" if others else "they are another layer's")
    return group


def _doubtful(network: nn.Module, example: Tensor, samples: Mapping[str, Cuts]) -> Iterator[tuple[str, str]]:
    """Yield the groups whose channels the oracle does not let go, with the reason; halves find each of them.

    Args:
        network: that the groups are of.
        example: images to try it with.
        samples: some channels of each group, by its name.
    """
    cuts, names = Cuts(), list(samples)
    for sample in samples.values():
        cuts.include(sample)
    reason = proven(network, cuts, example) if cuts.silent else ""
    if reason and len(names) == 1:
        yield names[0], reason
    elif reason:
        for half in (names[: len(names) // 2], names[len(names) // 2 :]):
            yield from _doubtful(network, example, {name: samples[name] for name in half})


def _sample(graph: Any, module: nn.Module, group: Group) -> Cuts:
    """Return what some of a group's channels cut off, chosen by its name.

    An odd number stays, as even ones hide that pairs must, and of each group another, as equal ones hide that two
    groups must lose as many.

    Raises:
        PlanError: they take others of the same layer with them.
    """
    draw = rng(0, "sample", group.name)
    stays = 2 * int(torch.randint(max(1, group.channels // 2), (), generator=draw, device="cpu")) + 1
    order = torch.randperm(group.channels, generator=draw, device="cpu")
    removed, cuts = sorted(order[stays:].tolist()), Cuts()
    if removed:
        coupled = group_of(graph, module, removed)
        if reason := company(coupled, removed):
            raise PlanError(reason)
        cuts.add(graph, coupled, group.name, removed, shared=False)
    return cuts


def _norm(graph: Any, module: nn.Module) -> Any:
    """Return the batch normalisation that a selection reads, or the one that alone reads a producer."""
    node = graph.module2node[module]
    neighbours = node.inputs if isinstance(module, ChannelSelection) else node.outputs
    only = neighbours[0].module if len(neighbours) == 1 else None
    fits = isinstance(only, _BatchNorm) and only.affine and only.num_features == width_of(module)
    return only if fits else None

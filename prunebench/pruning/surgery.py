"""Surgery: a physically smaller network from a plan, for any architecture that Torch-Pruning can trace.

Its dependency graph (Fang et al. 2023) finds the layers that must change with a pruned one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
import torch_pruning as tp
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch_pruning.dependency.index_mapping import _FlattenIndexMapping

from prunebench.networks import ChannelSelection, PaddedShortcut
from prunebench.pruning.blocks import without
from prunebench.pruning.mask import Mask
from prunebench.pruning.plan import Plan, PlanError

MOST_INDICES = 200_000
"""Inputs of one layer that channels may be flattened to; ImageNet's VGG-16 has 25,088."""


def apply(network: nn.Module, plan: Plan, example: Tensor) -> nn.Module:
    """Return a copy of the network without the plan's blocks and channels, and with its masked weights at zero.

    Args:
        network: trained, fresh or already pruned; it is not changed.
        plan: keys are names of convolutions, linear layers or batch normalisations, whose outputs go together with all
            that produces and reads them, or of a `ChannelSelection`, whose trunk keeps its width.
        example: images on the network's device, shape [N, C, H, W].

    Raises:
        PlanError: the plan does not fit, or the network cannot be traced.
    """
    shorter = without(network, plan.drop)
    if plan.masks:
        shorter = masked(shorter, plan.masks)
    plan.check(widths(shorter))
    if plan.masks and not plan.keep:
        return shorter
    smaller, graph = trace(shorter, example)
    _check_removable(smaller, graph, plan)
    for name in plan.keep:
        if removed := plan.removed(name):
            group_of(graph, smaller.get_submodule(name), removed).prune()
    _check_runs(smaller, example)
    _restore(shorter, smaller)
    return smaller


def masked(network: nn.Module, masks: Mapping[str, Mask]) -> nn.Module:
    """Return a copy of the network whose masked weights are zero.

    Raises:
        PlanError: the network lacks a layer of the masks, or has it with another shape.
    """
    copy = deepcopy(network)
    layers = dict(copy.named_modules())
    with torch.no_grad():
        for name, mask in masks.items():
            shape = getattr(getattr(layers.get(name), "weight", None), "shape", None)
            if shape != mask.shape:
                has = f"has {name} with a weight of shape {list(shape)}" if shape else f"has no layer {name!r}"
                raise PlanError(
                    f"the plan masks {name}, a weight of shape {list(mask.shape)}; this network {has}: "
                    "the plan was made for another network"
                )
            weight = copy.get_parameter(f"{name}.weight")
            weight.masked_fill_(~mask.tensor().to(weight.device), 0)
    return copy


def widths(network: nn.Module) -> dict[str, int]:
    """Return the output channels of every module that can be named in a plan."""
    found = {name: width_of(module) for name, module in network.named_modules()}
    return {name: width for name, width in found.items() if width is not None}


def width_of(module: nn.Module) -> int | None:
    """Return the output channels of a module that can be named in a plan, else None."""
    if isinstance(module, ChannelSelection):
        return len(module.indices)
    if isinstance(module, _ConvNd):
        return module.out_channels
    if isinstance(module, nn.Linear):
        return module.out_features
    return module.num_features if isinstance(module, _BatchNorm) else None


def trace(network: nn.Module, example: Tensor) -> tuple[nn.Module, Any]:
    """Return a copy of the network, in evaluation mode, and the copy's dependency graph.

    Raises:
        PlanError: the forward pass fails or has no gradient.
    """
    copy = deepcopy(network).requires_grad_(True)
    try:
        with torch.enable_grad():
            graph = tp.DependencyGraph().build_dependency(
                copy,
                example,
                forward_fn=lambda model, images: model(images),
                customized_pruners={ChannelSelection: _SelectionPruner(), PaddedShortcut: _PaddingPruner()},
                verbose=False,
            )
    except Exception as error:
        raise PlanError(
            f"cannot trace {type(network).__name__} with an example of shape {list(example.shape)}: {error}. Surgery "
            "needs a forward pass that runs on it and whose output has a gradient"
        ) from error
    return copy, graph


def group_of(graph: Any, module: nn.Module, channels: Sequence[int]) -> Any:
    """Return the Torch-Pruning group of all that goes with some output channels of a traced module.

    Raises:
        PlanError: the channels cannot be followed through the network.
    """
    with _bounded_flattening(graph._module2name[module]):
        return graph.get_pruning_group(module, graph.get_pruner_of_module(module).prune_out_channels, list(channels))


@contextmanager
def _bounded_flattening(name: str) -> Iterator[None]:
    """Stop Torch-Pruning where it follows reshapes in a circle, with ever more indices (shifted windows of Swin)."""
    follow = _FlattenIndexMapping.__call__

    def bounded(self: Any, indices: Sequence[Any]) -> Any:
        if not self.reverse and len(indices) * self._stride > MOST_INDICES:
            raise PlanError(f"cannot follow the channels of {name} through the reshapes of this network")
        return follow(self, indices)

    _FlattenIndexMapping.__call__ = bounded
    try:
        yield
    finally:
        _FlattenIndexMapping.__call__ = follow


def obstacle(graph: Any, group: Any) -> str:
    """Return why a group's channels cannot be removed, empty if they can."""
    for dependency, _ in group:
        node, handler = dependency.target, dependency.handler
        if not node.outputs and graph.is_out_channel_pruning_fn(handler):
            return "they are the network's own outputs"
        if isinstance(node.module, PaddedShortcut):
            return f"they are a trunk whose shortcut {graph._module2name[node.module]} fills up with zeros"
        if isinstance(node.module, ChannelSelection) and graph.is_in_channel_pruning_fn(handler):
            name = graph._module2name[node.module]
            return f"they are the trunk that {name} reads and that keeps its width; name the selection instead"
    return ""


def producers(graph: Any, group: Any) -> list[nn.Module]:
    """Return the convolutions, linear layers and selections whose outputs a group removes."""
    kinds = (_ConvNd, nn.Linear, ChannelSelection)
    removing = [d.target.module for d, _ in group if graph.is_out_channel_pruning_fn(d.handler)]
    return [module for module in removing if isinstance(module, kinds)]


def reads(graph: Any, dependency: Any) -> bool:
    """Return whether a member of a group loses inputs only; Torch-Pruning has one function for both in some layers."""
    handler = dependency.handler
    return bool(graph.is_in_channel_pruning_fn(handler) and not graph.is_out_channel_pruning_fn(handler))


class _SelectionPruner(tp.pruner.BasePruningFunc):  # type: ignore[misc]
    """Removes indices from a selection; as input and output are pruned apart, the trunk before it stays whole."""

    def prune_out_channels(self, layer: ChannelSelection, idxs: Sequence[int]) -> ChannelSelection:
        kept = sorted(set(range(len(layer.indices))) - set(idxs))
        layer.indices = layer.indices[torch.tensor(kept, device=layer.indices.device)]
        return layer

    def prune_in_channels(self, layer: ChannelSelection, idxs: Sequence[int]) -> ChannelSelection:
        raise NotImplementedError("`obstacle` refuses the trunk before it comes to this")

    def get_out_channels(self, layer: ChannelSelection) -> int:
        return len(layer.indices)

    def get_in_channels(self, layer: ChannelSelection) -> int:
        return layer.channels


class _PaddingPruner(tp.pruner.BasePruningFunc):  # type: ignore[misc]
    """Makes a padded shortcut visible in the graph; as it has no channels to remove, its trunks stay whole."""

    def prune_out_channels(self, layer: PaddedShortcut, idxs: Sequence[int]) -> PaddedShortcut:
        raise NotImplementedError("`obstacle` refuses the trunk before it comes to this")

    def prune_in_channels(self, layer: PaddedShortcut, idxs: Sequence[int]) -> PaddedShortcut:
        raise NotImplementedError("`obstacle` refuses the trunk before it comes to this")

    def get_out_channels(self, layer: PaddedShortcut) -> int:
        return layer.outputs

    def get_in_channels(self, layer: PaddedShortcut) -> int:
        return layer.inputs


def _check_removable(network: nn.Module, graph: Any, plan: Plan) -> None:
    """Refuse channels that cannot go, and two layers of the plan that share theirs."""
    owner: dict[nn.Module, str] = {}
    for name, total in plan.total.items():
        module = network.get_submodule(name)
        if module not in graph.module2node:
            raise PlanError(f"cannot remove channels of {name}: it takes no part in the forward pass")
        group = group_of(graph, module, range(total))
        if reason := obstacle(graph, group):
            raise PlanError(f"cannot remove channels of {name}: {reason}")
        for producer in producers(graph, group):
            if owner.setdefault(producer, name) != name:
                raise PlanError(f"{owner[producer]} and {name} share their channels: a plan names one of them")


def _restore(network: nn.Module, smaller: nn.Module) -> None:
    """Give back the modes and flags that tracing changed."""
    for before, after in zip(network.modules(), smaller.modules(), strict=True):
        after.training = before.training
    trained = {name: parameter.requires_grad for name, parameter in network.named_parameters()}
    for name, parameter in smaller.named_parameters():
        parameter.requires_grad_(trained[name])


def _check_runs(network: nn.Module, example: Tensor) -> None:
    try:
        with torch.no_grad():
            network(example)
    except Exception as error:
        raise PlanError(f"the network does not run without the removed channels: {error}") from error

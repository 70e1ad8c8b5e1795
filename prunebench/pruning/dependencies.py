"""What must change with a layer when it loses channels: Torch-Pruning's dependency graph (Fang et al. 2023)."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
import torch_pruning as tp
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.utils._pytree import tree_leaves
from torch_pruning.dependency.index_mapping import _FlattenIndexMapping

from prunebench.networks import ChannelSelection, PaddedShortcut
from prunebench.networks.outputs import stubborn
from prunebench.pruning.plan import PlanError
from prunebench.pruning.traceable import mixing, parametrised, tied

MOST_INDICES = 200_000
"""Inputs of one layer that channels may be flattened to; ImageNet's VGG-16 has 25,088."""


def trace(network: nn.Module, example: Tensor) -> tuple[nn.Module, Any]:
    """Return a copy of the network, in evaluation mode, and the copy's dependency graph.

    Raises:
        PlanError: the forward pass fails or has no gradient.
    """
    if reason := stubborn(network):
        raise PlanError(reason)
    copy = deepcopy(network).requires_grad_(True)
    try:
        with torch.enable_grad(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Maximum recursive depth")  # said of reshapes that `group_of` refuses
            graph = tp.DependencyGraph().build_dependency(
                copy,
                example,
                forward_fn=lambda model, images: model(images),
                customized_pruners=_OWN_PRUNERS,
                verbose=False,
            )
    except Exception as error:
        given = f"cannot trace {type(network).__name__} with an example of shape {list(example.shape)}"
        raise PlanError(f"{given}: {_untraced(network, example, error)}") from error
    return copy, graph


def _untraced(network: nn.Module, example: Tensor, error: Exception) -> str:
    """Return why there is no dependency graph: a network that does not run, or one that Torch-Pruning cannot follow."""
    frames = traceback.extract_tb(error.__traceback__)
    if frames[-1].filename.startswith(str(Path(tp.__file__).parent)) and _has_gradient(network, example):
        return (
            f"it runs, but Torch-Pruning cannot follow its channels ({type(error).__name__} in {frames[-1].name}), so "
            "that none can be removed; methods that mask single weights need no surgery"
        )
    return f"{error}. Surgery needs a forward pass that runs on it and whose output has a gradient"


def _has_gradient(network: nn.Module, example: Tensor) -> bool:
    try:
        with torch.enable_grad():
            outputs = tree_leaves(deepcopy(network).requires_grad_(True)(example))
    except Exception:
        return False
    return any(isinstance(output, Tensor) and output.requires_grad for output in outputs)


def group_of(graph: Any, module: nn.Module, channels: Sequence[int]) -> Any:
    """Return the Torch-Pruning group of all that goes with some output channels of a traced module.

    Raises:
        PlanError: the channels cannot be followed through the network.
    """
    name = graph._module2name[module]
    try:
        with _bounded_flattening(name), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Maximum recursive depth")
            prune = graph.get_pruner_of_module(module).prune_out_channels
            return graph.get_pruning_group(module, prune, list(channels))
    except PlanError:
        raise
    except Exception as error:
        told = f"Torch-Pruning fails with {type(error).__name__}: {error}"
        raise PlanError(f"cannot follow the channels of {name} through this network: {told}") from error


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
    sharing = tied(graph.model)
    for dependency, _ in group:
        node, module = dependency.target, dependency.target.module
        name = graph._module2name.get(module, "")
        if not node.outputs and graph.is_out_channel_pruning_fn(dependency.handler):
            return "they are the network's own outputs"
        if isinstance(module, PaddedShortcut):
            return f"they are a trunk whose shortcut {name} fills up with zeros"
        if isinstance(module, ChannelSelection) and graph.is_in_channel_pruning_fn(dependency.handler):
            return f"they are the trunk that {name} reads and that keeps its width; name the selection instead"
        if name in sharing:
            return f"{name} shares a weight with {sharing[name]}: give each layer its own to prune them"
        if reason := parametrised(module) or mixing(module):
            return f"{name} {reason}"
    return ""


def company(group: Any, channels: Sequence[int]) -> str:
    """Return why the channels that a group was made for cannot go without others of their layer, empty if they can."""
    more = sorted(set(group[0].idxs) - set(channels))
    return f"they go only together with others of the same layer, such as channel {more[0]}" if more else ""


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


class _GroupNormPruner(tp.pruner.function.GroupNormPruner):  # type: ignore[misc]
    """Removes channels of a group normalisation that has one group per channel; `obstacle` refuses others."""

    def prune_out_channels(self, layer: nn.GroupNorm, idxs: Sequence[int]) -> nn.GroupNorm:
        super().prune_out_channels(layer, list(idxs))
        layer.num_groups = layer.num_channels
        return layer

    prune_in_channels = prune_out_channels


_OWN_PRUNERS: dict[type[nn.Module], Any] = {
    ChannelSelection: _SelectionPruner(),
    PaddedShortcut: _PaddingPruner(),
    nn.GroupNorm: _GroupNormPruner(),
    **{  # Torch-Pruning leaves an instance normalisation its running statistics at their old length
        kind: tp.pruner.function.BatchnormPruner() for kind in (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)
    },
}

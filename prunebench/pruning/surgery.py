"""Surgery: a physically smaller network from a plan, for any architecture that Torch-Pruning can trace.

No network leaves it that the oracle doubts.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from prunebench.networks import ChannelSelection
from prunebench.pruning.blocks import without
from prunebench.pruning.cuts import Cuts, depthwise
from prunebench.pruning.dependencies import company, group_of, obstacle, producers, trace
from prunebench.pruning.mask import Mask
from prunebench.pruning.oracle import proven
from prunebench.pruning.plan import Plan, PlanError


def apply(network: nn.Module, plan: Plan, example: Tensor) -> nn.Module:
    """Return a copy of the network without the plan's blocks and channels, and with its masked weights at zero.

    Args:
        network: trained, fresh or already pruned; it is not changed.
        plan: keys are names of convolutions, linear layers or batch normalisations, whose outputs go together with all
            that produces and reads them, or of a `ChannelSelection`, whose trunk keeps its width.
        example: images on the network's device, shape [N, C, H, W].

    Raises:
        PlanError: the plan does not fit, the network cannot be traced, or what is left of it is not what it is with
            the channels silenced (`oracle`).
    """
    shorter = without(network, plan.drop)
    if plan.masks:
        shorter = masked(shorter, plan.masks)
    plan.check(widths(shorter))
    if plan.masks and not plan.keep:
        return shorter
    cuts = planned(shorter, plan, example)
    if reason := proven(shorter, cuts, example):
        raise PlanError(f"cannot remove channels of {', '.join(cuts.silent) or 'no layer'}: {reason}")
    return cuts.made_in(deepcopy(shorter))


def planned(network: nn.Module, plan: Plan, example: Tensor) -> Cuts:
    """Return what a plan cuts off a network.

    Raises:
        PlanError: the network cannot be traced, or channels of the plan cannot go or are two layers' of the plan.
    """
    copy, graph = trace(network, example)
    cuts, owner = Cuts(), dict[nn.Module, str]()
    for name, total in plan.total.items():
        module = copy.get_submodule(name)
        if module not in graph.module2node:
            raise PlanError(f"cannot remove channels of {name}: it takes no part in the forward pass")
        whole = group_of(graph, module, range(total))
        if reason := obstacle(graph, whole):
            raise PlanError(f"cannot remove channels of {name}: {reason}")
        making = [producer for producer in producers(graph, whole) if not depthwise(producer)]
        for producer in producers(graph, whole):
            if owner.setdefault(producer, name) != name:
                raise PlanError(f"{owner[producer]} and {name} share their channels: a plan names one of them")
        if removed := plan.removed(name):
            group = group_of(graph, module, removed)
            if reason := company(group, removed):
                raise PlanError(f"cannot remove channels of {name}: {reason}")
            cuts.add(graph, group, name, removed, shared=len(making) > 1)
    return cuts


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

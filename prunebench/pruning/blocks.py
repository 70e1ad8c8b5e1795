"""Whole residual blocks that a plan drops: what is left of them is their shortcut (Huang & Wang 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

from torch import nn

from prunebench.common.errors import near
from prunebench.pruning.plan import PlanError


def without(network: nn.Module, blocks: Sequence[str]) -> nn.Module:
    """Return a copy of the network with each of the blocks replaced by its shortcut.

    That is what the block says itself (`bypass`), the shortcut convolution and ReLU of torchvision's ResNets, or else
    the identity, which is right wherever a block adds to a trunk that it leaves as it is.

    Args:
        network: it is not changed.
        blocks: module names; for none the network itself is returned.

    Raises:
        PlanError: the network has no such module.
    """
    if not blocks:
        return network
    modules = dict(network.named_modules())
    for name in blocks:
        if name not in modules or not name:
            some = near(name, filter(None, modules))
            raise PlanError(f"the network has no block {name!r} to drop; it has, for example, {some}")
    copy = deepcopy(network)
    for name in blocks:
        copy.set_submodule(name, _bypass(copy.get_submodule(name)).train(modules[name].training))
    return copy


def _bypass(block: nn.Module) -> nn.Module:
    bypass = getattr(block, "bypass", None)
    if bypass is not None:
        left: nn.Module = bypass()
        return left
    downsample = getattr(block, "downsample", None)
    return nn.Sequential(downsample, nn.ReLU()) if isinstance(downsample, nn.Sequential) else nn.Identity()

"""What surgery cannot work on, each in a sentence that says what to do."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import _WeightNorm


def weight_norm_of(module: object) -> Any:
    """Return the weight normalisation of a layer's weight (Salimans & Kingma 2016), None if that is not all it has."""
    if not isinstance(module, nn.Module) or not parametrize.is_parametrized(module):
        return None
    lists = dict(module.parametrizations.items())  # type: ignore[union-attr, operator]
    only = lists["weight"][0] if [*lists] == ["weight"] and len(lists["weight"]) == 1 else None
    return only if isinstance(only, _WeightNorm) else None


def parametrised(module: object) -> str:
    """Return why a layer's parametrisation stands in the way of surgery, empty if it does not."""
    if not isinstance(module, nn.Module) or not parametrize.is_parametrized(module) or weight_norm_of(module):
        return ""
    return (
        "has a parametrised weight, which is made anew from other weights: return the network with "
        "torch.nn.utils.parametrize.remove_parametrizations(layer, 'weight')"
    )


def tied(network: nn.Module) -> dict[str, str]:
    """Return the modules that share a parameter with another, each with the name of one that it shares with."""
    owners: dict[int, list[str]] = {}
    for name, module in network.named_modules():
        for parameter in module.parameters(recurse=False):
            owners.setdefault(id(parameter), []).append(name)
    return {name: names[0 if name != names[0] else 1] for names in owners.values() if len(names) > 1 for name in names}


def mixing(module: object) -> str:
    """Return why single channels cannot go through a layer, empty if they can."""
    if isinstance(module, nn.GroupNorm) and module.num_groups < module.num_channels:
        size = module.num_channels // module.num_groups
        return f"normalises {size} channels together, so that none can go without changing the others"
    if isinstance(module, nn.LayerNorm):
        return "normalises all channels together, so that none can go without changing the others"
    if isinstance(module, nn.LocalResponseNorm):
        return "divides each channel by its neighbours, so that none can go without changing the others"
    if isinstance(module, nn.MultiheadAttention):
        return "is an attention whose heads share them"
    return ""

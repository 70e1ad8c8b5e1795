"""A method at work: what it decides for one network, made sure of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from prunebench.common.userfile import said, where
from prunebench.pruning import surgery
from prunebench.pruning.adapters import module_plan
from prunebench.pruning.context import Context
from prunebench.pruning.files import MethodError
from prunebench.pruning.leftovers import undone
from prunebench.pruning.plan import Plan, PlanError
from prunebench.pruning.registry import Prune
from prunebench.pruning.returned import normal, zeroed


@dataclass(frozen=True, eq=False)
class Decision:
    """What a method decided, and the network that it comes to.

    Attributes:
        plan: what is kept.
        network: the smaller network with the weights that it inherits.
        refitted: whether these are the method's own, not those that surgery leaves of the trained network.
    """

    plan: Plan
    network: nn.Module
    refitted: bool = False


def decide(prune: Prune, network: nn.Module, ratio: float, context: Context, example: Tensor) -> Decision:
    """Run a method and make sure of its result.

    Args:
        prune: the method.
        network: trained network that it prunes.
        ratio: share to remove, in [0, 1).
        context: what the method is given.
        example: images to apply the plan with, shape [N, C, H, W].

    Raises:
        MethodError: the ratio is out of range or more than any layer can lose, or the method raises, returns no plan
            or one that does not fit, or changes the network.
    """
    if not 0 <= ratio < 1:
        raise MethodError(f"ratio {ratio} is outside [0, 1); it is the share to remove")
    decision = settled(asked(prune, network, ratio, context), network, example)
    _check_ratio(decision.plan, ratio)
    return decision


def asked(prune: Callable[..., Any], network: nn.Module, ratio: float, context: Context) -> Plan | nn.Module:
    """Run a method on a copy of a network, and return what it returns; what it leaves behind is undone.

    Arguments are those of `decide`.

    Raises:
        MethodError: it raises, returns nothing that is known, or changes the network and returns a plan.
    """
    given, before = deepcopy(network), _bits(network)
    try:
        with undone():
            found = prune(given, ratio, context)
    except MethodError:
        raise
    except Exception as error:
        raise MethodError(f"the method fails{where(error)}: {said(error)}") from error
    if isinstance(found, Plan):  # else it may have pruned what it was given, which is a copy
        _check_unchanged(before, _bits(given))
    return normal(found, network)


def settled(found: Plan | nn.Module, network: nn.Module, example: Tensor) -> Decision:
    """Carry out what a method has returned.

    Raises:
        MethodError: it does not fit the network.
    """
    try:
        if isinstance(found, Plan):
            return Decision(found, surgery.apply(network, found, example))
        masks = zeroed(network, found)
        return Decision(masks or module_plan(network, found, example), found, refitted=True)
    except PlanError as error:
        raise MethodError(f"the method's plan does not fit the network: {error}") from error


def _check_ratio(plan: Plan, ratio: float) -> None:
    widest = max(plan.total.values(), default=0)
    if widest and ratio > 1 - 1 / widest and all(len(kept) == 1 for kept in plan.keep.values()):
        raise MethodError(
            f"ratio {ratio} is more than any layer can lose: the widest has {widest} channels, and each keeps at least "
            f"1; valid are ratios up to {1 - 1 / widest:.3g}, or a wider network"
        )


def _check_unchanged(before: dict[str, str], after: dict[str, str]) -> None:
    changed = [name for name in before | after if before.get(name) != after.get(name)]
    if changed:
        raise MethodError(
            f"the method changes the network that it is given: {', '.join(changed[:3])}"
            f"{' and more' if len(changed) > 3 else ''}; it may only read it, so work on copy.deepcopy(network)"
        )


def _bits(network: nn.Module) -> dict[str, str]:
    """Return a digest of each tensor of the network."""
    return {name: _digest(tensor) for name, tensor in network.state_dict().items()}


def _digest(tensor: Tensor) -> str:
    raw = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    digest = hashlib.sha256(f"{tensor.shape} {tensor.dtype}".encode())
    digest.update(raw.data)
    return digest.hexdigest()

"""One network at hand: what a method would keep of it, the smaller network, and what either costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from prunebench.api.references import method_file
from prunebench.common import userfile
from prunebench.common.errors import PrunebenchError
from prunebench.common.randomness import rng
from prunebench.networks.flops import Cost, count
from prunebench.pruning import registry, surgery
from prunebench.pruning.adapters import adapted
from prunebench.pruning.context import Context
from prunebench.pruning.decision import decide
from prunebench.pruning.files import MethodError, prune_of
from prunebench.pruning.plan import Plan
from prunebench.pruning.speedup import at_flops

MethodLike: TypeAlias = "str | Callable[..., Any]"
"""A method by its name, as `path/to/file.py:NAME`, or itself in any form of docs/methods.md."""


def prune(
    network: nn.Module,
    example: Tensor,
    method: MethodLike,
    ratio: float,
    *,
    labels: Tensor | None = None,
    of_flops: bool = False,
    seed: int = 0,
) -> Plan:
    """Return what a method decides to keep; the network is not changed.

    Args:
        network: trained or not.
        example: images on the network's device, float [N, C, H, W]; methods that look at data are given these.
        method: see `MethodLike`.
        ratio: share to remove, in [0, 1): of channels or weights, as the method says.
        labels: classes of the images, long [N], for methods that take gradients of the loss.
        of_flops: whether `ratio` is the share of the FLOPs to remove, whatever the method's own ratio is.
        seed: of the randomness that a method may use.

    Raises:
        PrunebenchError: there is no such method, it fails or returns no plan that fits, or no trace can be made.
    """
    given = torch.empty(0, dtype=torch.long) if labels is None else labels
    context = Context(example[:1], example, given.to(example.device), rng(seed, "prune"))
    try:
        return (at_flops if of_flops else decide)(_function(method), network, ratio, context, example[:1]).plan
    except MethodError as error:
        if labels is None and "batch_size" in str(error):
            raise MethodError(
                f"{error}; this method takes a loss: give the classes of the images as labels="
            ) from error
        raise


def _function(method: MethodLike) -> registry.Prune:
    if not isinstance(method, str):
        found: registry.Prune = adapted(method() if isinstance(method, type) else method)
        return found
    if method_file(method):  # the network is the caller's own, and nothing of this is stored: it may run here
        own: registry.Prune = prune_of(registry.load(method)[1])
        return own
    return registry.resolve(registry.named(method))


def apply(network: nn.Module, plan: Plan, example: Tensor) -> nn.Module:
    """Return the smaller network that a plan makes of this one, with the weights that are kept; this one is unchanged.

    Args:
        network: of the architecture that the plan was made for, trained, or fresh for training from scratch.
        plan: from `prune`, or your own `Plan(keep, total)`.
        example: images on the network's device, float [N, C, H, W].

    Raises:
        PlanError: the plan does not fit, or the network cannot be traced.
    """
    return surgery.apply(network, plan, example[:1])


def cost(network: nn.Module, example: Tensor, nonzero: bool = False) -> Cost:
    """Return parameters, FLOPs and multiply-accumulates per image, by the paper's convention (`Cost` says which).

    Args:
        network: of modules.
        example: images on the network's device, float [N, C, H, W].
        nonzero: whether weights of convolutions that are zero count as absent, as for a plan of masks.

    Raises:
        PrunebenchError: the network does not run on the images.
    """
    try:
        return count(network, example, nonzero)
    except PrunebenchError:
        raise
    except Exception as error:
        raise PrunebenchError(
            f"{type(network).__name__} does not run on images of shape {list(example.shape)}: {userfile.said(error)}"
        ) from error


def flops(network: nn.Module, example: Tensor, nonzero: bool = False) -> int:
    """Return the FLOPs per image; arguments are those of `cost`."""
    return cost(network, example, nonzero).flops

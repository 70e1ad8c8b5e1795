"""Torch-Pruning's importances as scores (Fang et al. 2023, DepGraph), and the gradients that some of them need."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy, deepcopy
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from prunebench.common.randomness import seeded
from prunebench.networks.own import quick
from prunebench.pruning.compose import Counts, by_score
from prunebench.pruning.context import Context
from prunebench.pruning.groups import survey
from prunebench.pruning.plan import Plan

Importance: TypeAlias = Callable[[Any], Tensor | None]
"""One number per channel of a Torch-Pruning group, higher is better; None where it has nothing to say."""

NO_CLASSIFIER = -1
"""Torch-Pruning leaves out linear layers with as many outputs as there are classes."""

BATCH = 64
"""Images per backward pass; so that a deep network's activations fit into memory."""


def from_importance(
    importance: Importance,
    allocation: Counts = "uniform",
    prepare: Callable[[nn.Module, Context], object] | None = None,
) -> Callable[..., Plan]:
    """Return the method that removes the channels of the lowest Torch-Pruning importance.

    Args:
        importance: any of `torch_pruning.importance`, or a function of a group.
        allocation: the method's own, of those that `allocate` knows.
        prepare: is called with a copy of the network, in evaluation mode, before its groups are scored: `gradients` for
            a Taylor importance, `fisher` for a Hessian.
    """

    def score(network: nn.Module, context: Context) -> dict[str, Tensor]:
        found = survey(network, context.example)
        if prepare is not None:
            prepare(found.copy, context)
        scores = {name: importance(group) for name, group in found.coupled.items()}
        return {name: values for name, values in scores.items() if values is not None}

    return by_score(score, allocation)


def obdc(scorer: Any) -> Importance:
    """Return Torch-Pruning's OBD-C for the diagonal that `fisher` has left; its own preparation needs its pruner.

    Args:
        scorer: a `torch_pruning.importance.OBDCImportance`, without bias. Its number of classes is not used: outputs of
            the network are never pruned here.
    """

    def importance(group: Any) -> Tensor | None:
        own = copy(scorer)
        layers = [d.layer for d, _ in group if isinstance(d.layer, _ConvNd | nn.Linear)]
        own.steps, own.num_classes, own.Fisher = 1, NO_CLASSIFIER, {layer: _squares(layer.weight) for layer in layers}
        scores: Tensor | None = own(group)
        return scores

    return importance


def _squares(weight: Tensor) -> Tensor:
    return torch.zeros_like(weight).flatten(1) if weight.grad is None else weight.grad.flatten(1)


def activations(scorer: Any) -> Callable[[nn.Module, Context], None]:
    """Return what lets Torch-Pruning's `ActivationImportance` see what layers read of the context's images."""

    def prepare(network: nn.Module, context: Context) -> None:
        with torch.no_grad(), scorer.compute_importance(network):
            network(context.images)

    return prepare


def drawn(importance: Importance) -> Callable[..., Plan]:
    """Return the method of an importance that draws from torch's global generator: here from the context's."""

    def score(network: nn.Module, context: Context) -> dict[str, Tensor]:
        found, draw = survey(network, context.example), context.generator
        with seeded(int(torch.randint(2**62, (), generator=draw, device=draw.device))):
            scores = {name: importance(group) for name, group in found.coupled.items()}
        return {name: values for name, values in scores.items() if values is not None}

    return by_score(score)


def gradients(network: nn.Module, context: Context) -> None:
    """Leave the gradient of the mean cross-entropy over the context's images in the network's parameters."""
    network.zero_grad()
    fast = quick(network, context.images)
    for images, labels in zip(torch.split(fast, BATCH), torch.split(context.labels, BATCH), strict=True):
        loss = F.cross_entropy(network(images), labels, reduction="sum") / len(context.images)
        loss.backward()  # type: ignore[no-untyped-call]


def fisher(network: nn.Module, context: Context) -> None:
    """Leave the mean over the context's images of each image's squared gradient in the network's parameters.

    This is the diagonal of the empirical Fisher matrix, which stands for the Hessian. Torch-Pruning 1.6.1 accumulates
    it by `accumulate_grad`, which keeps the last image alone, and so is not used.
    """
    squares = [torch.zeros_like(parameter) for parameter in network.parameters()]
    for image, label in zip(torch.split(context.images, 1), torch.split(context.labels, 1), strict=True):
        loss = F.cross_entropy(network(image), label)
        grads = torch.autograd.grad(loss, list(network.parameters()), allow_unused=True, materialize_grads=True)
        torch._foreach_addcmul_(squares, grads, grads, value=1 / len(context.images))
    for parameter, square in zip(network.parameters(), squares, strict=True):
        parameter.grad = square


def fresh_gradients(network: nn.Module, context: Context) -> nn.Module:
    """Return a copy of a network without history, in training mode, with `gradients`; the network stays as it is."""
    copy = deepcopy(network).requires_grad_(True).train()
    gradients(copy, context)
    return copy

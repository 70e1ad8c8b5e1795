"""Weights that the gradient flow misses least, by a Hessian product, at initialisation (GraSP, Wang et al. 2020)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prunebench.pruning.compose import by_weight
from prunebench.pruning.context import Context
from prunebench.pruning.masking import maskable

TEMPERATURE = 200.0
"""Divides the logits (Wang et al. 2020)."""

PER_CLASS = 10
"""Images per class (Wang et al. 2020)."""


def score(network: nn.Module, context: Context) -> dict[str, Tensor]:
    """Return weight * (H g) of all convolutions: what the squared norm of the gradient loses with a weight.

    The losses of two halves of the images are added up, each with its own batch statistics, as in the authors' code;
    fewer than four images, which leave no statistics of a half, stay together.
    """
    weights = maskable(copy := deepcopy(network).requires_grad_(True).train())
    chosen, sought = _per_class(context.labels), list(weights.values())
    halves = torch.chunk(chosen, 2 if len(chosen) >= 4 else 1)

    def loss(half: Tensor) -> Tensor:
        return F.cross_entropy(copy(context.images[half]) / TEMPERATURE, context.labels[half])

    gradient = _total(torch.autograd.grad(loss(half), sought) for half in halves)
    products = _total(_product(loss(half), sought, gradient) for half in halves)
    return {name: (w * product).detach() for (name, w), product in zip(weights.items(), products, strict=True)}


def _product(loss: Tensor, weights: Sequence[Tensor], vector: Sequence[Tensor]) -> Sequence[Tensor]:
    """Return the product of a loss's Hessian with a vector."""
    grads = torch.autograd.grad(loss, weights, create_graph=True)
    along = torch.stack([(grad * part).sum() for grad, part in zip(grads, vector, strict=True)]).sum()
    return torch.autograd.grad(along, weights)


def _total(terms: Iterable[Sequence[Tensor]]) -> list[Tensor]:
    return [torch.stack(parts).sum(0) for parts in zip(*terms, strict=True)]


def _per_class(labels: Tensor) -> Tensor:
    return torch.cat([(labels == c).nonzero().flatten()[:PER_CLASS] for c in sorted(set(labels.tolist()))])


prune = by_weight(score)
at_initialisation = True

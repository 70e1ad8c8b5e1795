"""Weights that the gradient flow misses least, by a Hessian product, at initialisation (GraSP, Wang et al. 2020)."""

from __future__ import annotations

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prunebench.pruning.compose import by_weight
from prunebench.pruning.context import Context
from prunebench.pruning.masks import maskable

TEMPERATURE = 200.0
"""Divides the logits (Wang et al. 2020, sec. 4)."""

PER_CLASS = 10
"""Images per class (Wang et al. 2020, sec. 4)."""


def score(network: nn.Module, context: Context) -> dict[str, Tensor]:
    """Return weight * (H g) of all convolutions: what the squared norm of the gradient loses with a weight."""
    weights = maskable(copy := deepcopy(network).requires_grad_(True).train())
    chosen = _per_class(context.labels)
    loss = F.cross_entropy(copy(context.images[chosen]) / TEMPERATURE, context.labels[chosen])
    grads = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
    flow = torch.stack([(grad * grad.detach()).sum() for grad in grads]).sum()
    products = torch.autograd.grad(flow, list(weights.values()))
    return {name: (w * product).detach() for (name, w), product in zip(weights.items(), products, strict=True)}


def _per_class(labels: Tensor) -> Tensor:
    return torch.cat([(labels == c).nonzero().flatten()[:PER_CLASS] for c in sorted(set(labels.tolist()))])


prune = by_weight(score)

"""Smallest weight^2 * Fisher of a channel's own filter (PruningBench OBD-C; Wang et al. 2019, EigenDamage)."""

from __future__ import annotations

from typing import Any

import torch
import torch_pruning as tp
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from prunebench.pruning.importance import fisher, from_importance

NO_CLASSIFIER = -1
"""Torch-Pruning leaves out linear layers with as many outputs as there are classes; here outputs are never pruned."""


def importance(group: Any) -> Tensor | None:
    """Return Torch-Pruning's OBD-C for the diagonal that `fisher` has left; its own one fails on layers with bias."""
    scorer = tp.importance.OBDCImportance(num_classes=NO_CLASSIFIER)
    layers = [d.layer for d, _ in group if isinstance(d.layer, _ConvNd | nn.Linear)]
    scorer.steps, scorer.Fisher = 1, {layer: _squares(layer.weight) for layer in layers}
    scores: Tensor | None = scorer(group)
    return scores


def _squares(weight: Tensor) -> Tensor:
    return torch.zeros_like(weight).flatten(1) if weight.grad is None else weight.grad.flatten(1)


prune = from_importance(importance, prepare=fisher)

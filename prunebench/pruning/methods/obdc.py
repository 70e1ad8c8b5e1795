"""Smallest weight^2 * Fisher over a channel's own filter (PruningBench OBD-C; Wang et al. 2019, EigenDamage)."""

from __future__ import annotations

from typing import Any

import torch_pruning as tp
from torch import Tensor

from prunebench.pruning.importance import fisher, from_importance

NO_CLASSIFIER = -1
"""Torch-Pruning leaves out linear layers with as many outputs as there are classes; here outputs are never pruned."""


def importance(group: Any) -> Tensor | None:
    """Return Torch-Pruning's OBD-C for the Fisher diagonal that `fisher` has left; its own fails on layers with bias."""
    scorer = tp.importance.OBDCImportance(num_classes=NO_CLASSIFIER)
    layers = [d.layer for d, _ in group if isinstance(d.layer, tuple(scorer.target_types))]
    scorer.steps, scorer.Fisher = 1, {layer: layer.weight.grad.flatten(1) for layer in layers}
    scores: Tensor | None = scorer(group)
    return scores


prune = from_importance(importance, prepare=fisher)

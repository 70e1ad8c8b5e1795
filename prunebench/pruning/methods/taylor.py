"""Smallest first-order term of the loss, |weight * gradient|, of a group (PruningBench; Molchanov et al. 2019)."""

import torch_pruning as tp

from prunebench.pruning.importance import from_importance, gradients

prune = from_importance(tp.importance.TaylorImportance(), prepare=gradients)

"""Smallest batch-norm scales, relative to their layer's mean (PruningBench BNScale; Liu et al. 2017)."""

import torch_pruning as tp

from prunebench.pruning.importance import from_importance

prune = from_importance(tp.importance.BNScaleImportance())

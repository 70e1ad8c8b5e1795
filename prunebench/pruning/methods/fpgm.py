"""Filters nearest to the geometric median of their layer (PruningBench FPGM; He et al. 2019)."""

import torch_pruning as tp

from prunebench.pruning.importance import from_importance

prune = from_importance(tp.importance.FPGMImportance())

"""Smallest layer-adaptive magnitude, each relative to all that is larger (PruningBench LAMP; Lee et al. 2021)."""

import torch_pruning as tp

from prunebench.pruning.importance import from_importance

prune = from_importance(tp.importance.LAMPImportance(p=2))

"""Smallest group L2 norm: filters, scales and their readers (PruningBench MagnitudeL2; Fang et al. 2023)."""

import torch_pruning as tp

from prunebench.pruning.importance import from_importance

prune = from_importance(tp.importance.MagnitudeImportance(p=2))

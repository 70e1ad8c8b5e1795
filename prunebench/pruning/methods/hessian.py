"""Smallest weight^2 * Fisher of a channel's group (PruningBench OBD-Hessian; LeCun et al. 1989)."""

import torch_pruning as tp

from prunebench.pruning.importance import fisher, from_importance

prune = from_importance(tp.importance.HessianImportance(), prepare=fisher)

"""Smallest weight^2 * Fisher of a channel's own filter (PruningBench OBD-C; Wang et al. 2019, EigenDamage)."""

from __future__ import annotations

import torch_pruning as tp

from prunebench.pruning.importance import fisher, from_importance, obdc

prune = from_importance(obdc(tp.importance.OBDCImportance()), prepare=fisher)

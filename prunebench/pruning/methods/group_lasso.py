"""Smallest group L2 norm, after group LASSO in training (PruningBench GroupLASSO; Yuan & Lin 2006)."""

from prunebench.pruning.methods.magnitude_l2 import prune

__all__ = ["prune"]

"""Smallest group L2 norm, after decay that grows by the epoch (PruningBench GrowingReg; Wang et al. 2021)."""

from prunebench.pruning.methods.magnitude_l2 import prune

__all__ = ["prune"]

"""Smallest group L2 norm, after decay that is stronger for weak channels (PruningBench GroupNorm; Fang et al. 2023)."""

from prunebench.pruning.methods.magnitude_l2 import prune

__all__ = ["prune"]

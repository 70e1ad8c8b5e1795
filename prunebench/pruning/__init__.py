"""Pruning: a method reads a trained network and returns a plan; surgery makes the smaller network.

What a method's file needs can be imported from here. Nothing is loaded before it is used, so that importing the package
does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prunebench.pruning.allocation import keep_counts, keep_global, keep_uniform
    from prunebench.pruning.context import Context
    from prunebench.pruning.groups import Group, prunable
    from prunebench.pruning.plan import Plan, PlanError

__all__ = ["Context", "Group", "Plan", "PlanError", "keep_counts", "keep_global", "keep_uniform", "prunable"]

_HOME = {
    "Context": "context",
    "Group": "groups",
    "Plan": "plan",
    "PlanError": "plan",
    "keep_counts": "allocation",
    "keep_global": "allocation",
    "keep_uniform": "allocation",
    "prunable": "groups",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)

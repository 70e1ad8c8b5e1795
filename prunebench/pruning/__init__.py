"""Pruning: a method reads a trained network and returns a plan; surgery makes the smaller network.

What a method's file needs can be imported from here. Nothing is loaded before it is used, so that importing the package
does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prunebench.pruning.allocation import keep_counts, keep_global, keep_protected, keep_uniform
    from prunebench.pruning.compose import by_score, by_weight
    from prunebench.pruning.context import Context
    from prunebench.pruning.groups import Group, prunable
    from prunebench.pruning.importance import fisher, from_importance, gradients
    from prunebench.pruning.mask import Mask
    from prunebench.pruning.masking import maskable, plan_of
    from prunebench.pruning.plan import Plan, PlanError

__all__ = [
    "Context",
    "Group",
    "Mask",
    "Plan",
    "PlanError",
    "by_score",
    "by_weight",
    "fisher",
    "from_importance",
    "gradients",
    "keep_counts",
    "keep_global",
    "keep_protected",
    "keep_uniform",
    "maskable",
    "plan_of",
    "prunable",
]

_HOME = {
    "Context": "context",
    "Group": "groups",
    "Mask": "mask",
    "Plan": "plan",
    "PlanError": "plan",
    "by_score": "compose",
    "by_weight": "compose",
    "fisher": "importance",
    "from_importance": "importance",
    "gradients": "importance",
    "keep_counts": "allocation",
    "keep_global": "allocation",
    "keep_protected": "allocation",
    "keep_uniform": "allocation",
    "maskable": "masking",
    "plan_of": "masking",
    "prunable": "groups",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)

"""Policies that give an arm its number of epochs, and schedules stretched to them."""

from __future__ import annotations

import math
from dataclasses import replace

from prunebench.specs.experiment import Recipe


def stretched(recipe: Recipe, epochs: int) -> Recipe:
    """Return the recipe over another number of epochs, its milestones at the same shares of it.

    Source: paper p.4 (decay stretched in proportion); milestones rounded down as in the released code.
    """
    milestones = tuple(m * epochs // recipe.epochs for m in recipe.milestones)
    return replace(recipe, epochs=epochs, milestones=milestones)


def early(recipe: Recipe, share: float) -> int:
    """Return the epochs that a share of a training comes to: at least 1, but 0 for the share 0."""
    return math.ceil(recipe.epochs * share)


def resumed(recipe: Recipe, epoch: int) -> Recipe:
    """Return the rest of a recipe's schedule from an epoch (0-based) on."""
    milestones = tuple(m - epoch for m in recipe.milestones)
    return replace(recipe, epochs=recipe.epochs - epoch, milestones=milestones)


def same_flops(recipe: Recipe, flops_dense: int, flops_pruned: int, cap: float | None = None, extra: int = 0) -> Recipe:
    """Return the recipe of Scratch-B: as many epochs as cost the FLOPs of the dense training.

    Args:
        recipe: of the dense training.
        flops_dense: FLOPs of one image through the dense network.
        flops_pruned: the same through the pruned one.
        cap: highest factor on the epochs; the paper takes 2 on ImageNet and none on CIFAR (p.4, protocols Q6).
        extra: epochs on top, those of fine-tuning where they count as part of the budget (Wang et al. 2023).
    """
    factor = flops_dense / flops_pruned
    return stretched(recipe, int(recipe.epochs * (factor if cap is None else min(factor, cap))) + extra)


def policy(cap: float | None) -> str:
    """Return the name of Scratch-B's budget policy, as records have it."""
    return "flops" if cap is None else f"flops capped at {cap:g}x"

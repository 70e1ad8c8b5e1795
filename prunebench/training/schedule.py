"""The stepwise learning rate of the paper (p.5) and its sums."""

from __future__ import annotations

from prunebench.specs.experiment import Recipe


def lr_at(recipe: Recipe, epoch: int) -> float:
    """Return the learning rate of an epoch (0-based): dropped by `gamma` at every milestone reached."""
    return recipe.lr * recipe.gamma ** sum(epoch >= milestone for milestone in recipe.milestones)


def lr_sum(recipe: Recipe, steps_per_epoch: int) -> float:
    """Return the sum of the learning rate over all steps: how far a constant gradient would move a weight."""
    return steps_per_epoch * sum(lr_at(recipe, epoch) for epoch in range(recipe.epochs))

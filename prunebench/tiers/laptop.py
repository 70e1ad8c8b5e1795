"""Tier laptop: MNIST at a quarter of its pixels, seconds per training, no GPU."""

from __future__ import annotations

from dataclasses import replace

from prunebench.experiment import Recipe
from prunebench.recipes import Recipes
from prunebench.tiers.smoke import SMOKE

_DENSE = Recipe(3, 0.2, (1,), batch_size=128)
"""1,407 steps in all, seven times as many as VGG takes in tier smoke."""

_FINETUNE = Recipe(1, 0.02, batch_size=128)

LAPTOP = replace(
    SMOKE,
    name="laptop",
    summary="MNIST, 60,000 + 10,000 images, the networks of tier smoke at 14x14; its recipes are not calibrated yet",
    seeds=5,
    margin=0.3,
    dataset="mnist",
    size=14,
    recipes={name: Recipes(_DENSE, _FINETUNE, known.sparsity, cap=2.0) for name, known in SMOKE.recipes.items()},
    halves=(),
    detecting=None,
)
"""Strength times the sum of the rate is that of tier smoke; claims/README.md says what that is too little for."""

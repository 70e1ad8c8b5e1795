"""Tier laptop: MNIST, minutes per training, a real answer without a GPU."""

from __future__ import annotations

from dataclasses import replace

from prunebench.experiment import Recipe
from prunebench.recipes import Recipes
from prunebench.tiers.smoke import SMOKE

EPOCHS = 4
"""Of the dense network: 469 steps each, twelve times as many steps in all as in tier smoke."""

_DENSE = Recipe(EPOCHS, 0.2, (EPOCHS // 2,), batch_size=128)
_FINETUNE = Recipe(EPOCHS // 2, 0.02, batch_size=128)

LAPTOP = replace(
    SMOKE,
    name="laptop",
    summary="MNIST, 60,000 + 10,000 images, the networks of tier smoke at 14x14: a real answer without a GPU",
    seeds=5,
    margin=0.3,
    dataset="mnist",
    size=14,
    recipes={name: Recipes(_DENSE, _FINETUNE, known.sparsity, cap=2.0) for name, known in SMOKE.recipes.items()},
    halves=(),
    detecting=None,
)
"""Strength times the sum of the rate is that of tier smoke, so that the penalty of a longer training is weaker."""

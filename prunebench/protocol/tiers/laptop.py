"""Tier laptop: MNIST at a quarter of its pixels, seconds per training, no GPU."""

from __future__ import annotations

from dataclasses import replace

from prunebench.protocol.recipes import Recipes
from prunebench.protocol.tiers.smoke import SMOKE
from prunebench.specs.experiment import Recipe

_DENSE = Recipe(4, 0.2, (2,), batch_size=128)
"""1,876 steps in all, nine times as many as VGG takes in tier smoke."""

_FINETUNE = Recipe(2, 0.02, batch_size=128)


def _laptop(sparsity: float) -> Recipes:
    return Recipes(_DENSE, _FINETUNE, sparsity, cap=2.0)


LAPTOP = replace(
    SMOKE,
    name="laptop",
    summary="MNIST, 60,000 + 10,000 images, shown at 14x14 to the networks of tier smoke: minutes per training",
    seeds=5,
    margin=0.2,
    dataset="mnist",
    size=14,
    recipes={**dict.fromkeys(("VGG-19", "VGG-16", "VGG-11"), _laptop(0.5)), "*": _laptop(0.15)},
    halves=(),
    detecting=None,
)
"""Calibrated like tier smoke, with a penalty that is stronger, since nine times as many steps of the loss resist it."""

"""How the trainings of one tier go: recipes as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from prunebench.specs.budget import stretched
from prunebench.specs.experiment import Recipe, Regulariser
from prunebench.training.schedule import lr_sum


def rounded(number: float) -> float:
    """Return a rate or strength to three digits."""
    return float(f"{number:.3g}")


@dataclass(frozen=True)
class Recipes:
    """The recipes of a row.

    Attributes:
        dense: of the trunk and, by its budget, of the scratch arms.
        finetune: of the fine-tuned arm; a constant rate, the lowest of the dense training (paper p.5).
        sparsity: product of the penalty on scales and the sum of the learning rate over all steps; 0.66 for the paper's
            VGG-19 (1e-4 over 160 epochs of 782 steps), 0.066 for its other networks (protocols 3). A short tier takes
            the penalty that gives the product it needs.
        cap: highest factor of Scratch-B on the epochs, None for no cap (paper p.4).
    """

    dense: Recipe
    finetune: Recipe
    sparsity: float
    cap: float | None = None

    def bn_l1(self, images: int) -> Regulariser:
        """Return network slimming's penalty for a training on so many images, rounded to three digits."""
        steps = -(-images // self.dense.batch_size)
        return Regulariser("bn_l1", rounded(self.sparsity / lr_sum(self.dense, steps)))


def apart(recipes: Recipes, setting: str) -> Recipes:
    """Return the recipes of a row that a table sets apart from others, such as `lr 0.01, one-shot` or `300 epochs`.

    Rates and epochs are those of the paper, 0.1 and 160 where nothing is said: a tier's own change in proportion, and
    `epochs x0.5` halves them.
    """
    dense = recipes.dense
    for word in filter(None, setting.split(", ")):
        if word.startswith("lr "):
            dense = replace(dense, lr=rounded(dense.lr * float(word[3:]) / 0.1))
        if word.endswith(" epochs"):
            dense = stretched(dense, round(dense.epochs * int(word.split()[0]) / 160))
        if word.startswith("epochs x"):
            dense = stretched(dense, max(1, round(dense.epochs * float(word[8:]))))
    return replace(recipes, dense=dense)


def _paper(dense: Recipe, images: int, strength: float = 0.0, cap: float | None = None, finetune: int = 40) -> Recipes:
    """Return recipes of the paper: fine-tuning for some epochs at the lowest rate; `strength` is the penalty itself."""
    lowest = dense.lr * dense.gamma ** len(dense.milestones)
    fixed = replace(dense, epochs=finetune, lr=rounded(lowest), milestones=())
    return Recipes(dense, fixed, strength * lr_sum(dense, -(-images // dense.batch_size)), cap)


_CIFAR = Recipe(160, 0.1, (80, 120))
_SOFT = Recipe(200, 0.1, (60, 120, 160), gamma=0.2, nesterov=True, weight_decay=5e-4, batch_size=128)
_IMAGENET = Recipe(90, 0.1, (30, 60), batch_size=256)
_SSS = replace(_IMAGENET, epochs=100, milestones=(30, 60, 90))

PAPER_CIFAR: Mapping[str, Recipes] = {
    "l1": _paper(_CIFAR, 50_000),
    "slimming": _paper(_CIFAR, 50_000, strength=1e-5),
    "slimming of VGG": _paper(_CIFAR, 50_000, strength=1e-4),
    "weight_level": _paper(_CIFAR, 50_000),
    "soft_filter": _paper(_SOFT, 50_000),
}
"""By sub-project (protocols 1 to 6). Only soft filter pruning has Nesterov momentum, whatever p.5 says (Q5); its first
epoch at a tenth of the rate is left out, and so is its base of 400 epochs for Scratch-B, which no schedule fits.
"""

PAPER_IMAGENET: Mapping[str, Recipes] = {
    "l1": _paper(_IMAGENET, 1_281_167, cap=2.0, finetune=20),
    "slimming": _paper(_IMAGENET, 1_281_167, strength=1e-5, finetune=20),
    "weight_level": _paper(_IMAGENET, 1_281_167, finetune=20),
    "soft_filter": _paper(_IMAGENET, 1_281_167, cap=2.0, finetune=20),
    "thinet": _paper(_IMAGENET, 1_281_167, cap=2.0, finetune=20),
    "thinet of VGG": _paper(replace(_IMAGENET, lr=0.01), 1_281_167, cap=2.0, finetune=20),
    "regression": _paper(_IMAGENET, 1_281_167, cap=2.0, finetune=20),
    "regression of VGG": _paper(replace(_IMAGENET, lr=0.01), 1_281_167, cap=2.0, finetune=20),
    "sss": _paper(_SSS, 1_281_167, cap=2.0, finetune=20),
}
"""By sub-project (protocols 7). Slimming and weight level have no cap in the code (Q6). Fine-tuning takes the paper's
20 epochs (p.5), not the code's 5 and 10 (Q8). No code tells soft filter pruning's schedule on ImageNet: p.5's.
"""


def paper_recipes(dataset: str, project: str, network: str) -> Recipes:
    """Return how one of the paper's sub-projects trains a network, all by the paper's names.

    Raises:
        KeyError: there is no such sub-project.
    """
    known = PAPER_IMAGENET if dataset == "ImageNet" else PAPER_CIFAR
    return known.get(f"{project} of {network.split('-')[0]}", known[project])

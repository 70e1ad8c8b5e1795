"""How the trainings of one tier go: recipes as data."""

from __future__ import annotations

from dataclasses import dataclass

from prunebench.experiment import Recipe, Regulariser
from prunebench.training.schedule import lr_sum


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
        return Regulariser("bn_l1", float(f"{self.sparsity / lr_sum(self.dense, steps):.3g}"))

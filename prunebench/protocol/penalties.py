"""Which penalty acts while the network that a row prunes is trained."""

from __future__ import annotations

from prunebench.protocol.recipes import Recipes, paper_recipes
from prunebench.protocol.tables import Row
from prunebench.specs.experiment import Regulariser

OVER_SLIMMING = {"sss": 300, "group_lasso": 1, "group_norm": 0.3, "growing": 0.1}
"""Strength of a penalty over network slimming's, which goes with the tier. Measured in the smoke tier over 3 seeds:

* `sss`: a block's scale is the root mean square of its last layer, so that each parameter feels a share of the penalty
  alone. Of PreResNet's six blocks 30 leaves all above 0.15, 100 brings the two of the first stage to 0.04 or less, 300
  four below 0.03. Networks of Table 5 at 100 and 300, before and after dropping 3, 6 and 8 of 16 blocks: 97.2 to 97.8 %
  to 95-97, 86-94, 57-75 %; 96.5 to 97.5 % to 96-98, 96-97, 88-97 % (500: 96.3 to 96.7 % to 92-96 % for the last).
* the penalties on groups: the mean over groups of the smallest norm over the largest, and the accuracies, are

  |               | VGG-19                                  | PreResNet                               |
  |---------------|-----------------------------------------|-----------------------------------------|
  | none          | 0.72, 97.5 to 98.3 %                    | 0.62, 97.2 to 98.5 %                    |
  | `group_lasso` | 0.05, 97.2 to 99.0 %; 3 times: 59-74 %  | 0.49, 97.8 to 98.2 %; 3 times: 64-95 %  |
  | `group_norm`  | 0.00, 97.5 to 98.3 %; twice: 84 to 97 % | 0.10, 97.5 to 98.0 %; twice: 96 to 99 % |
  | `growing`     | 0.20, 97.7 to 98.0 %; twice: 94 to 96 % | 0.50, 97.3 to 98.5 %; twice: 97 to 98 % |
"""


def penalty(row: Row, recipes: Recipes, images: int) -> Regulariser | None:
    """Return the penalty of a row's method in training on so many images; None where the dense network is pruned.

    The strength of soft filter pruning is the share of filters that it zeroes; it zeroes them as often as the paper
    does, once in each of its epochs (protocols 5), however short the tier.
    """
    if row.method == "soft_filter":
        steps = recipes.dense.epochs * -(-images // recipes.dense.batch_size)
        zeroings = paper_recipes(row.dataset, "soft_filter", row.network).dense.epochs
        return Regulariser("soft_filter", row.ratio, every=max(1, round(steps / zeroings)))
    if row.method in ("slimming", "guided"):
        return recipes.bn_l1(images)
    if row.method in OVER_SLIMMING:
        return Regulariser(row.method, OVER_SLIMMING[row.method] * recipes.bn_l1(images).strength)
    return None

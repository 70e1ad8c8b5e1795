"""Arms: the ways in which a pruned architecture gets its final weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from prunebench.protocol.recipes import Recipes, rounded
from prunebench.specs.budget import same_flops, stretched
from prunebench.specs.experiment import Recipe

ANOTHER = 1000
"""Added to the seed of an arm that repeats another one with other randomness."""

REWIND = 0.02
"""Share of the dense training that `weight_rewind` goes back to; Frankle et al. 2019 rewind to 0.1 to 7 %."""


@dataclass(frozen=True)
class ArmKind:
    """How an arm gets its final weights.

    Attributes:
        weights: what it starts from, as `Start` has it.
        recipe: from the tier's recipes and the FLOPs of the dense and the pruned network.
        budget: name of the policy behind its epochs; `flops` in it also stands for the tier's cap.
        rewind: share of the trunk's training whose weights are inherited, 0 for the initial ones; the recipe then goes
            on from there, with fresh momentum and images in the order of the first epochs. None for the weights that
            pruning left.
        seed_shift: added to the row's seed.
        widened: factor on the dense network's FLOPs, where the arm trains a wider dense network; 0 where it does not.
        patterned: whether that is widened after the pattern of the row's plan, and not evenly.
        baseline: method that prunes the dense network to the FLOPs of the row's plan, in place of the row's pruning.
    """

    weights: str
    recipe: Callable[[Recipes, int, int], Recipe]
    budget: str
    rewind: float | None = None
    seed_shift: int = 0
    baseline: str = ""
    widened: int = 0
    patterned: bool = False


def _finetune(recipes: Recipes, dense: int, pruned: int) -> Recipe:
    return recipes.finetune


def _dense(recipes: Recipes, dense: int, pruned: int) -> Recipe:
    return recipes.dense


def _same_flops(recipes: Recipes, dense: int, pruned: int) -> Recipe:
    return same_flops(recipes.dense, dense, pruned, recipes.cap)


def _same_flops_and_finetune(recipes: Recipes, dense: int, pruned: int) -> Recipe:
    return same_flops(recipes.dense, dense, pruned, recipes.cap, recipes.finetune.epochs)


def _same_flops_doubled(recipes: Recipes, dense: int, pruned: int) -> Recipe:
    twice = _same_flops(recipes, dense, pruned)
    return stretched(twice, 2 * twice.epochs)


def _longer(factor: int) -> Callable[[Recipes, int, int], Recipe]:
    return lambda r, dense, pruned: replace(r.finetune, epochs=factor * r.finetune.epochs)


def _finetune_e(recipes: Recipes, dense: int, pruned: int) -> Recipe:
    return replace(recipes.finetune, epochs=recipes.dense.epochs)


def _faster(factor: int) -> Callable[[Recipes, int, int], Recipe]:
    """Start `factor` times as fast, at most as the dense training does, and go down to fine-tuning's rate by halves."""

    def recipe(r: Recipes, dense: int, pruned: int) -> Recipe:
        first, slow = min(r.finetune.lr * factor, r.dense.lr), r.finetune
        drops = round(math.log(slow.lr / first, r.dense.gamma))
        ends = tuple(slow.epochs - slow.epochs // 2**n for n in range(1, drops + 1))
        return replace(slow, lr=rounded(first), milestones=ends, gamma=r.dense.gamma)

    return recipe


EPOCHS = "epochs of the dense training"

ARMS = {
    "finetune": ArmKind("inherited", _finetune, "fine-tuning"),
    "finetune_80": ArmKind("inherited", _longer(2), "fine-tuning, 2x"),
    "finetune_160": ArmKind("inherited", _longer(4), "fine-tuning, 4x"),
    "finetune_e": ArmKind("inherited", _finetune_e, EPOCHS),
    "finetune_x10": ArmKind("inherited", _faster(10), "fine-tuning"),
    "finetune_x100": ArmKind("inherited", _faster(100), "fine-tuning"),
    "scratch_e": ArmKind("fresh", _dense, EPOCHS),
    "scratch_b": ArmKind("fresh", _same_flops, "flops"),
    "scratch_b_twice": ArmKind("fresh", _same_flops_doubled, "flops, 2x"),
    "scratch_b_plus": ArmKind("fresh", _same_flops_and_finetune, "flops+finetune"),
    "lr_rewind": ArmKind("inherited", _dense, EPOCHS),
    "weight_rewind": ArmKind("inherited", _dense, "rest of the dense training", rewind=REWIND),
    "winning_ticket": ArmKind("inherited", _dense, EPOCHS, rewind=0),
    "random_ticket": ArmKind("fresh", _dense, EPOCHS),
    "random_ticket_unscaled": ArmKind("unscaled", _dense, EPOCHS),
    "soft_pruned": ArmKind("inherited", lambda r, dense, pruned: replace(r.dense, stop=0), "no retraining"),
    "patterned": ArmKind("fresh", _dense, EPOCHS, widened=1, patterned=True),
    "patterned_x2": ArmKind("fresh", _dense, EPOCHS, widened=2, patterned=True),
    "widened_x2": ArmKind("fresh", _dense, EPOCHS, widened=2),
    "prune_c": ArmKind("inherited", _finetune, "fine-tuning of the classifier"),
    "prune_d": ArmKind("inherited", _finetune, "fine-tuning of the detector"),
    "again": ArmKind("fresh", _dense, EPOCHS, seed_shift=ANOTHER),
    "planted": ArmKind("fresh", lambda r, dense, pruned: stretched(replace(r.dense, lr=r.finetune.lr), 1), "one epoch"),
    "uniform_finetune": ArmKind("inherited", _finetune, "fine-tuning", baseline="uniform"),
    "uniform_scratch_b": ArmKind("fresh", _same_flops, "flops", baseline="uniform"),
    "l1_finetune": ArmKind("inherited", _finetune, "fine-tuning", baseline="magnitude_l1"),
    "random_finetune": ArmKind("inherited", _finetune, "fine-tuning", baseline="random"),
}
"""All arms, with their sources:

* `finetune`, `scratch_e`, `scratch_b`: the paper, p.4; `finetune_80`, `finetune_160`: its Table 16.
* `finetune_e`: fine-tuning for as many epochs as the dense training, to compare with `lr_rewind` (Renda et al. 2020).
* `finetune_x10`, `finetune_x100`: fine-tuning that starts at 10 and 100 times the rate, but no faster than the dense
  training does, and ends at the lowest: half of the epochs at the first rate, a quarter at the next, and so on (Wang et
  al. 2023, whose rates fall in this way).
* `scratch_b_twice`: a longer budget yet (Gale et al. 2019).
* `scratch_b_plus`: Wang et al. 2023; the budget of scratch_b counts the fine-tuning as well, K1 * F1 / F2 + K2 epochs.
* `lr_rewind`: Renda et al. 2020; the final weights, retrained with the dense schedule, rate and epochs.
* `weight_rewind`: Frankle et al. 2019; the trunk's weights of an early epoch, with the schedule from there on.
* `winning_ticket`: Frankle & Carbin 2019; the trunk's initial weights, not rescaled (protocols 6).
* `random_ticket`, `random_ticket_unscaled`: the paper, p.7 and p.15 (C13); fresh weights with masked layers rescaled,
  which is what scratch_e is, so that the two share an outcome, or with the spread of the dense network.
* `soft_pruned`: He et al. 2018; the network as soft filter pruning left it, the accuracy of `pruned` as an arm.
* `patterned`, `patterned_x2`, `widened_x2`: dense networks with the dense network's FLOPs or twice as many, with the
  pattern of the row's plan or evenly widened (S02).
* `prune_c`, `prune_d`: the paper's Table 12; the classifier is pruned and fine-tuned before it becomes a detector, or
  the detector is. The other arms of that table are classifiers trained as always, which then become detectors.
* `again`, `planted`: controls; one repeats scratch_e, the other is a scratch arm made worse.
* `uniform_finetune`, `uniform_scratch_b`, `l1_finetune`, `random_finetune`: what a method has to beat, at its FLOPs and
  for as many epochs. L1 is that of all weights which go with a channel, since Li et al.'s own rule, that of filters,
  finds none in a DenseNet.
"""


def _start(arm: ArmKind) -> tuple[object, ...]:
    return arm.weights, arm.rewind, arm.seed_shift, arm.baseline, arm.widened, arm.patterned


def same_start(a: str, b: str) -> bool:
    """Return whether a seed of two arms starts from the very same weights of the same plan: only its training differs.

    Such arms are compared seed by seed: `scratch_e` with `scratch_b`, `lr_rewind` with `finetune_e`, fine-tuning with
    longer fine-tuning. Arms that share the plan alone, such as `finetune` and `scratch_b`, are not.
    """
    first, second = (_start(ARMS[name]) if name in ARMS else None for name in (a, b))
    return first is not None and first == second


PAPER_ARMS = ("finetune", "scratch_e", "scratch_b")
"""What the paper compares in most of its tables."""

BASELINE_ARMS = tuple(name for name, arm in ARMS.items() if arm.baseline)
"""What a method is compared with at equal FLOPs."""

DETECTION_ARMS = ("prune_c", "prune_d", "scratch_e", "scratch_b")
"""What the paper compares in Table 12."""

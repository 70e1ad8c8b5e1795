"""A row as specs: the trunk that its arms share, and the arms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from prunebench.budget import early, policy, resumed, same_flops, stretched
from prunebench.datasets.registry import Description, describe
from prunebench.experiment import Method, Pruning, Recipe, Regulariser, Start, Training
from prunebench.recipes import Recipes
from prunebench.tables import Row
from prunebench.tiers import Tier

ANOTHER = 1000
"""Added to the seed of an arm that repeats another one with other randomness."""

REWIND = 0.02
"""Share of the dense training that `weight_rewind` goes back to; Frankle et al. 2019 rewind to 0.1 to 7 %."""


@dataclass(frozen=True)
class Job:
    """A row in one tier: everything that says what is trained.

    Attributes:
        row: of the paper's tables, or made for a user's method.
        tier: what stands for the row's dataset and network.
        method: how it is pruned.
        regulariser: penalty on the training of the network that is pruned; None where the dense one is pruned.
        stop: epoch after which the network is pruned: 0 for a method at initialisation, None for the last.
    """

    row: Row
    tier: Tier
    method: Method
    regulariser: Regulariser | None = None
    stop: int | None = None

    @property
    def dataset(self) -> Description:
        """What stands for the row's dataset."""
        return describe(self.tier.dataset)

    @property
    def recipes(self) -> Recipes:
        """The recipes of the row's network in this tier."""
        return self.tier.recipes_for(self.row.network)

    def dense(self, seed: int) -> Training:
        """Return the training of the dense network, the table's "unpruned"."""
        network = self.tier.network(self.row.network)
        return Training(self.dataset.spec(), network, self.recipes.dense, seed)

    def trunk(self, seed: int) -> Training:
        """Return the training of the network that is pruned."""
        return self._until(seed, self.stop)

    def _until(self, seed: int, stop: int | None) -> Training:
        """Return the trunk's training, ended after an epoch."""
        dense = self.dense(seed)
        return replace(dense, regulariser=self.regulariser, recipe=replace(dense.recipe, stop=stop))

    def pruning(self, seed: int) -> Pruning:
        """Return the pruning that the arms share."""
        return Pruning(self.trunk(seed), self.method, self.row.ratio)

    def arm(self, name: str, seed: int, facts: Mapping[str, Any]) -> Training:
        """Return the training of an arm.

        Args:
            name: one of `ARMS`.
            seed: of the row.
            facts: of the pruning's outcome: `flops` and, under `dense`, those of the dense network.
        """
        arm = ARMS[name]
        recipe = arm.recipe(self.recipes, facts["dense"]["flops"], facts["flops"])
        start = Start(self.pruning(seed), arm.weights)
        if arm.rewind is not None:
            epoch = early(recipe, arm.rewind)
            recipe, start = resumed(recipe, epoch), replace(start, rewound=self._until(seed, epoch))
        return replace(self.dense(seed), recipe=recipe, seed=seed + arm.seed_shift, start=start)

    def budget(self, name: str) -> str:
        """Return the name of the policy that gives an arm its epochs."""
        return ARMS[name].budget.replace("flops", policy(self.recipes.cap))


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
    """

    weights: str
    recipe: Callable[[Recipes, int, int], Recipe]
    budget: str
    rewind: float | None = None
    seed_shift: int = 0


def _dense(recipes: Recipes, dense: int, pruned: int) -> Recipe:
    return recipes.dense


def _same_flops(recipes: Recipes, dense: int, pruned: int) -> Recipe:
    return same_flops(recipes.dense, dense, pruned, recipes.cap)


def _same_flops_and_finetune(recipes: Recipes, dense: int, pruned: int) -> Recipe:
    return same_flops(recipes.dense, dense, pruned, recipes.cap, recipes.finetune.epochs)


EPOCHS = "epochs of the dense training"

ARMS = {
    "finetune": ArmKind("inherited", lambda r, dense, pruned: r.finetune, "fine-tuning"),
    "scratch_e": ArmKind("fresh", _dense, EPOCHS),
    "scratch_b": ArmKind("fresh", _same_flops, "flops"),
    "scratch_b_plus": ArmKind("fresh", _same_flops_and_finetune, "flops+finetune"),
    "lr_rewind": ArmKind("inherited", _dense, EPOCHS),
    "weight_rewind": ArmKind("inherited", _dense, "rest of the dense training", rewind=REWIND),
    "winning_ticket": ArmKind("inherited", _dense, EPOCHS, rewind=0),
    "random_ticket": ArmKind("fresh", _dense, EPOCHS),
    "random_ticket_unscaled": ArmKind("unscaled", _dense, EPOCHS),
    "soft_pruned": ArmKind("inherited", lambda r, dense, pruned: replace(r.dense, stop=0), "no retraining"),
    "again": ArmKind("fresh", _dense, EPOCHS, seed_shift=ANOTHER),
    "planted": ArmKind("fresh", lambda r, dense, pruned: stretched(replace(r.dense, lr=r.finetune.lr), 1), "one epoch"),
}
"""All arms, with their sources:

* `finetune`, `scratch_e`, `scratch_b`: the paper, p.4.
* `scratch_b_plus`: Wang et al. 2023; the budget of scratch_b counts the fine-tuning as well, K1 * F1 / F2 + K2 epochs.
* `lr_rewind`: Renda et al. 2020; the final weights, retrained with the dense schedule, rate and epochs.
* `weight_rewind`: Frankle et al. 2019; the trunk's weights of an early epoch, with the schedule from there on.
* `winning_ticket`: Frankle & Carbin 2019; the trunk's initial weights, not rescaled (protocols 6).
* `random_ticket`, `random_ticket_unscaled`: the paper, p.7 and p.15 (C13); fresh weights with masked layers rescaled,
  which is what scratch_e is, so that the two share an outcome, or with the spread of the dense network.
* `soft_pruned`: He et al. 2018; the network as soft filter pruning left it, the accuracy of `pruned` as an arm.
* `again`, `planted`: controls; one repeats scratch_e, the other is a scratch arm made worse.
"""

PAPER_ARMS = ("finetune", "scratch_e", "scratch_b")

OVER_SLIMMING = {"sss": 100, "group_lasso": 1, "group_norm": 0.3, "growing": 0.1}
"""Strength of a penalty over network slimming's, which goes with the tier. Measured in the smoke tier over 3 seeds:

* `sss`: a block's scale is the root mean square of its last layer, so that each parameter feels a share of the penalty
  alone. Of PreResNet's six blocks 30 leaves all above 0.15, 100 brings the two of the first stage to 0.04 or less, the
  others staying above 0.09, at 97.2 to 98.2 % (97.2 to 98.5 % without); 300 brings four below 0.03.
* the penalties on groups: the mean over groups of the smallest norm over the largest, and the accuracies, are

  |               | VGG-19                                  | PreResNet                               |
  |---------------|-----------------------------------------|-----------------------------------------|
  | none          | 0.72, 97.5 to 98.3 %                    | 0.62, 97.2 to 98.5 %                    |
  | `group_lasso` | 0.05, 97.2 to 99.0 %; 3 times: 59-74 %  | 0.49, 97.8 to 98.2 %; 3 times: 64-95 %  |
  | `group_norm`  | 0.00, 97.5 to 98.3 %; twice: 84 to 97 % | 0.10, 97.5 to 98.0 %; twice: 96 to 99 % |
  | `growing`     | 0.20, 97.7 to 98.0 %; twice: 94 to 96 % | 0.50, 97.3 to 98.5 %; twice: 97 to 98 % |
"""


def _over_slimming(name: str) -> Callable[[Row, Recipes, int], Regulariser]:
    return lambda row, recipes, images: Regulariser(name, OVER_SLIMMING[name] * recipes.bn_l1(images).strength)


PENALTIES: Mapping[str, Callable[[Row, Recipes, int], Regulariser]] = {
    "slimming": lambda row, recipes, images: recipes.bn_l1(images),
    "soft_filter": lambda row, recipes, images: Regulariser("soft_filter", row.ratio),
    **{name: _over_slimming(name) for name in OVER_SLIMMING},
}
"""By method, what acts while the network that it prunes is trained, on so many images; the other methods need nothing.

The strength of soft filter pruning is the share of filters that it zeroes.
"""


def job(row: Row, tier: Tier) -> Job:
    """Return a row of the paper, or of an installed method, as a job of a tier.

    Raises:
        UnknownNameError: there is no such method.
        MethodError: the installed method cannot be loaded.
    """
    from prunebench.pruning.registry import found, named

    method = named(row.method)
    own = found(method)
    if method.source:
        return _brought_along(row, tier, method, own)
    penalty = PENALTIES.get(row.method)
    acting = penalty(row, tier.recipes_for(row.network), describe(tier.dataset).train) if penalty else None
    return Job(row, tier, method, acting, _stop(own))


def candidate(row: Row, tier: Tier, reference: str) -> Job:
    """Return a user's method on a row of `claims/test_candidate.py` as a job of a tier.

    Args:
        row: network and ratio.
        tier: what stands for them.
        reference: `path/to/file.py:NAME`, or the name of an installed method.

    Raises:
        MethodError: there is no such method.
    """
    from prunebench.pruning.registry import load

    method, own = load(reference)
    named = replace(row, id=row.id.replace("candidate", f"candidate.{method.name}", 1), method=method.name)
    return _brought_along(named, tier, method, own)


def _brought_along(row: Row, tier: Tier, method: Method, own: Any) -> Job:
    """Return the job of a method that brings its own regulariser, if any."""
    acting = Regulariser("method", method=method) if hasattr(own, "regulariser") else None
    return Job(row, tier, method, acting, _stop(own))


def _stop(own: Any) -> int | None:
    """Return the epoch after which a method's network is pruned; `files.load_file` says what a method may have."""
    return 0 if getattr(own, "at_initialisation", False) else None

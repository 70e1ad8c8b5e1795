"""A job: a row in one tier as specs, the trunk that its arms share and the arms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from prunebench.datasets.available import Description
from prunebench.protocol.arms import ARMS, PAPER_ARMS
from prunebench.protocol.recipes import Recipes, apart, rounded
from prunebench.protocol.tables import Row
from prunebench.protocol.tiers import Tier
from prunebench.protocol.widening import widened
from prunebench.specs.budget import early, policy, resumed, stretched
from prunebench.specs.experiment import Method, Network, Pruning, Regulariser, Start, Trained, Training

ROUND = 0.2
"""Share of the remaining weights that each round of iterative pruning removes (paper p.15)."""

HALF, FOUND = "half", "found on another half"
"""Settings of a row on one of two datasets that share no class, and of one whose architecture is the other's (S01)."""

PRETRAINED = 0.1
"""Factor on the rate of soft filter pruning that starts from a trained network (paper's code, Table 11)."""


@dataclass(frozen=True)
class Job:
    """A row in one tier: everything that says what is trained.

    Attributes:
        row: of the paper's tables and figures, or made for a user's method.
        tier: what stands for the row's dataset and network.
        method: how it is pruned.
        regulariser: penalty on the training of the network that is pruned; None where the dense one is pruned.
        stop: epoch after which the network is pruned: 0 for a method at initialisation, None for the last.
        source: of the network whose pattern the method takes over, if it does.
        of: what the ratio is a share of, as in `Pruning`: `flops`, or empty for what the method says.
    """

    row: Row
    tier: Tier
    method: Method
    regulariser: Regulariser | None = None
    stop: int | None = None
    source: Job | None = None
    of: str = ""

    @property
    def dataset(self) -> Description:
        """What stands for the row's dataset."""
        return self.tier.half(1) if HALF in self.row.setting else self.tier.description(self.row.dataset)

    @property
    def network(self) -> Network:
        """What stands for the row's network."""
        return self.tier.network(self.tier.stand_in(self.row))

    @property
    def recipes(self) -> Recipes:
        """The recipes of the row's network in this tier, with what sets the row apart."""
        return apart(self.tier.recipes_for(self.tier.stand_in(self.row)), self.row.setting)

    @property
    def ratio(self) -> float:
        """Share to remove, as the method takes it."""
        return BLOCKS.get(self.row.variant, self.row.ratio)

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms that claims compare unless they say which."""
        return PAPER_ARMS

    @property
    def classification(self) -> Job:
        """The job that trains the classifiers: itself, but for detectors."""
        return self

    def dense(self, seed: int) -> Trained:
        """Return the training of the dense network, the table's "unpruned"."""
        return self.classifier(seed)

    def classifier(self, seed: int) -> Training:
        """Return the training of the dense classifier."""
        return Training(self.dataset.spec(), self.network, self.recipes.dense, seed)

    def trunk(self, seed: int) -> Trained:
        """Return the training of the network that is pruned."""
        if "pretrained" not in self.row.setting:
            found = self._until(seed, self.stop)
            return replace(found, dataset=self.tier.half(0).spec()) if self.row.setting == FOUND else found
        dense = self.classifier(seed)
        gentle = replace(dense.recipe, lr=rounded(PRETRAINED * dense.recipe.lr))
        return replace(dense, recipe=gentle, regulariser=self.regulariser, start=Start(rewound=dense))

    def _until(self, seed: int, stop: int | None) -> Training:
        """Return the trunk's training, ended after an epoch."""
        dense = self.classifier(seed)
        return replace(dense, regulariser=self.regulariser, recipe=replace(dense.recipe, stop=stop))

    def pruning(self, seed: int) -> Pruning:
        """Return the pruning that the arms share."""
        if "iterative" in self.row.setting:
            return self._round(seed, rounds(self.ratio))
        source = self.source.pruning(seed) if self.source else None
        return Pruning(self.trunk(seed), self.method, self.ratio, self.of, source)

    def _round(self, seed: int, number: int) -> Pruning:
        """Return a round of iterative pruning: it prunes the winning ticket that the round before it trained."""
        if number == 1:
            return Pruning(self.trunk(seed), self.method, ROUND)
        start = Start(self._round(seed, number - 1), "inherited", self._until(seed, 0))
        return Pruning(replace(self.classifier(seed), start=start), self.method, ROUND)

    def arm(self, name: str, seed: int, facts: Mapping[str, Any]) -> Trained:
        """Return the training of an arm.

        Args:
            name: one of `ARMS`.
            seed: of the row.
            facts: of the pruning's outcome: `flops` and, under `dense`, those of the dense network.
        """
        arm = ARMS[name]
        if arm.widened:
            pattern = tuple(map(tuple, facts["widths"])) if arm.patterned else ()
            return replace(self.classifier(seed), network=widened(self.network, pattern, arm.widened, self.dataset))
        recipe = arm.recipe(self._budgeted, facts["dense"]["flops"], facts["flops"])
        start = Start(self._baseline(arm.baseline, seed, facts) if arm.baseline else self.pruning(seed), arm.weights)
        if arm.rewind is not None:
            epoch = early(recipe, arm.rewind)
            recipe, start = resumed(recipe, epoch), replace(start, rewound=self._until(seed, epoch))
        return replace(self.classifier(seed), recipe=recipe, seed=seed + arm.seed_shift, start=start)

    def _baseline(self, method: str, seed: int, facts: Mapping[str, Any]) -> Pruning:
        """Return the pruning of the dense network to the row's FLOPs, to whole percents so that rows can share it.

        What prunes single weights is compared with what does so too.
        """
        if facts.get("kernels"):
            method = SPARSE[method]
        share = self.ratio if self.of else round(1 - facts["flops"] / facts["dense"]["flops"], 2)
        return Pruning(self.dense(seed), Method(method), share, "flops")

    @property
    def _budgeted(self) -> Recipes:
        """The recipes of the arms: what starts from a trained network has had its epochs twice (protocols 5)."""
        found = self.recipes
        if "pretrained" not in self.row.setting:
            return found
        return replace(found, dense=stretched(found.dense, 2 * found.dense.epochs))

    def budget(self, name: str) -> str:
        """Return the name of the policy that gives an arm its epochs."""
        return ARMS[name].budget.replace("flops", policy(self.recipes.cap))


def rounds(ratio: float) -> int:
    """Return how many rounds of iterative pruning remove a share of the weights, to the nearest."""
    return min(range(1, 100), key=lambda n: abs((1 - ROUND) ** n - (1 - ratio)))


SPARSE = {"uniform": "uniform_sparse", "magnitude_l1": "magnitude", "random": "uniform_sparse"}
"""Baselines among the methods that mask single weights; the uniform one is random already."""

BLOCKS = {"ResNet-41": 3 / 16, "ResNet-32": 6 / 16, "ResNet-26": 8 / 16}
"""Share of the blocks that sparse structure selection drops: ResNet-50 has 16 of 3 layers each (Table 5)."""

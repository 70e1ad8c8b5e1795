"""A row as specs: the trunk that its arms share, and the arms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from prunebench.budget import policy, same_flops, stretched
from prunebench.datasets.registry import Description, describe
from prunebench.experiment import Method, Pruning, Recipe, Regulariser, Start, Training
from prunebench.recipes import Recipes
from prunebench.tables import Row
from prunebench.tiers import Tier

ANOTHER = 1000
"""Added to the seed of an arm that repeats another one with other randomness."""


@dataclass(frozen=True)
class Job:
    """A row in one tier: everything that says what is trained.

    Attributes:
        row: of the paper's tables, or made for a user's method.
        tier: what stands for the row's dataset and network.
        method: how it is pruned.
        regulariser: penalty on the training of the network that is pruned; None where the dense one is pruned.
    """

    row: Row
    tier: Tier
    method: Method
    regulariser: Regulariser | None = None

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
        return replace(self.dense(seed), regulariser=self.regulariser)

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
        return replace(self.dense(seed), recipe=recipe, seed=seed + arm.seed_shift, start=start)

    def budget(self, name: str) -> str:
        """Return the name of the policy that gives an arm its epochs."""
        return policy(self.recipes.cap) if ARMS[name].flops else ARMS[name].budget


@dataclass(frozen=True)
class ArmKind:
    """How an arm gets its final weights.

    Attributes:
        weights: what it starts from, `inherited` or `fresh`.
        recipe: from the tier's recipes and the FLOPs of the dense and the pruned network.
        budget: name of the policy behind its epochs.
        flops: whether its epochs depend on the FLOPs.
        seed_shift: added to the row's seed.
    """

    weights: str
    recipe: Callable[[Recipes, int, int], Recipe]
    budget: str
    flops: bool = False
    seed_shift: int = 0


ARMS = {
    "finetune": ArmKind("inherited", lambda r, dense, pruned: r.finetune, "fine-tuning"),
    "scratch_e": ArmKind("fresh", lambda r, dense, pruned: r.dense, "epochs of the dense training"),
    "scratch_b": ArmKind(
        "fresh", lambda r, dense, pruned: same_flops(r.dense, dense, pruned, r.cap), "flops", flops=True
    ),
    "again": ArmKind("fresh", lambda r, dense, pruned: r.dense, "epochs of the dense training", seed_shift=ANOTHER),
    "planted": ArmKind("fresh", lambda r, dense, pruned: stretched(replace(r.dense, lr=r.finetune.lr), 1), "one epoch"),
}
"""The arms of the paper (p.4) and two controls: `again` repeats scratch_e, `planted` is a scratch arm made worse."""

PAPER_ARMS = ("finetune", "scratch_e", "scratch_b")


def job(row: Row, tier: Tier) -> Job:
    """Return a row of the paper as a job of a tier."""
    recipes = tier.recipes_for(row.network)
    penalty = recipes.bn_l1(describe(tier.dataset).train) if row.method == "slimming" else None
    return Job(row, tier, Method(row.method), penalty)


def candidate(row: Row, tier: Tier, reference: str) -> Job:
    """Return a user's method on a row of `claims/test_candidate.py` as a job of a tier.

    Args:
        row: network and ratio.
        tier: what stands for them.
        reference: `path/to/file.py:NAME`.

    Raises:
        MethodError: the file does not give such a method.
    """
    from prunebench.pruning.registry import load_file

    method, found = load_file(reference)
    penalty = Regulariser("method", method=method) if hasattr(found, "regulariser") else None
    named = replace(row, id=row.id.replace("candidate", f"candidate.{method.name}", 1), method=method.name)
    return Job(named, tier, method, penalty)

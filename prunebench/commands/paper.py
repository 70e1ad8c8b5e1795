"""The tier `paper` as far as it can be seen without training: what each row trains, for how long, and what it costs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from prunebench.datasets.catalogue import CATALOGUE, DETECTION, PAPER
from prunebench.protocol.recipes import Recipes, apart, paper_recipes
from prunebench.protocol.tables import Row
from prunebench.specs.architectures import paper_network, project_of
from prunebench.specs.budget import policy, same_flops
from prunebench.specs.experiment import Recipe

if TYPE_CHECKING:
    from torch import Tensor, nn

    from prunebench.networks.flops import Cost

SEEDS = 5
"""Of each arm; the paper has 5 runs on CIFAR (p.4) and one on ImageNet."""

COST = "3 x forward FLOPs x training images x epochs"
"""Training FLOPs of one seed: the backward pass counts as two forward passes."""


DATASETS = {paper: CATALOGUE[name] for name, paper in PAPER.items() if paper != DETECTION}
"""By the paper's name, what its networks classify."""

NOTES = {
    "12": "sizes are those of the backbone as it classifies ImageNet; the detector's schedule is another project's "
    "default, which the paper does not give (p.17)",
    "14": "neither the paper nor its code gives the widths at this ratio",
}
"""By table, what a preview leaves open and why."""

_GLOBAL_POOLING = ("VGG-GAP", "VGG-Tiny")


@dataclass(frozen=True)
class Sizes:
    """What a row's networks cost: the dense one, and the pruned one where its architecture is predefined."""

    dense: Cost
    pruned: Cost | None


def preview(row: Row) -> dict[str, Any]:
    """Return what `prunebench show ROW --tier paper` prints; what pruning decides, or nobody says, is None."""
    if row.dataset == DETECTION:
        return _detection(row)
    data, found, sizes = DATASETS[row.dataset], recipes(row), measure(row)
    arms = {name: _recipe(name, found, sizes) for name in _arms(row)}
    return {
        "row": row.id,
        "tier": "paper",
        "dataset": row.dataset,
        "images": {key: getattr(data, key) for key in ("train", "test", "channels", "size", "classes")},
        "network": row.network,
        "method": row.method,
        "ratio": row.ratio or None,
        "variant": row.variant or None,
        **({"note": NOTES[row.table]} if row.table in NOTES else {}),
        "params_dense": sizes.dense.parameters,
        "params_pruned": sizes.pruned.parameters if sizes.pruned else None,
        "flops_dense": sizes.dense.flops,
        "flops_pruned": sizes.pruned.flops if sizes.pruned else None,
        "macs_dense": sizes.dense.macs,
        "macs_pruned": sizes.pruned.macs if sizes.pruned else None,
        "recipe": asdict(found.dense),
        "penalty": {"bn_l1": found.bn_l1(data.train).strength} if found.sparsity else None,
        "budget": policy(found.cap),
        "arms": {
            name: {"epochs": arm.epochs if arm else None, "seeds": list(range(SEEDS)), "accuracy": []}
            for name, arm in arms.items()
        },
        "cost": {"rule": COST, "flops": {n: _cost(n, arm, sizes, data.train) for n, arm in arms.items()}},
        "verdict": None,
    }


def _detection(row: Row) -> dict[str, Any]:
    """Return what is known of a detector: its backbone, the classifier of Table 1."""
    shown = preview(replace(row, dataset="ImageNet"))
    arms = {name: arm | {"epochs": None} for name, arm in shown["arms"].items()}
    known = {"dataset": row.dataset, "images": None, "variant": row.variant, "arms": arms}
    return shown | known | {"recipe": None, "budget": None, "cost": {"rule": COST, "flops": dict.fromkeys(arms)}}


def recipes(row: Row) -> Recipes:
    """Return how a row's networks are trained in the paper, by its sub-project and what sets the row apart."""
    return apart(paper_recipes(row.dataset, project_of(row.method), row.network), row.setting)


def measure(row: Row) -> Sizes:
    """Count parameters and FLOPs of a row's networks, on the meta device."""
    import torch

    from prunebench import networks
    from prunebench.networks.flops import count

    data = DATASETS[row.dataset]
    with torch.device("meta"):
        images, example = torch.zeros(1, 3, data.size, data.size), torch.zeros(1, 3, 32, 32)
        dense = networks.build(paper_network(row.dataset, project_of(row.method), row.network), 3, data.classes)
        source = dense
        if row.variant in _GLOBAL_POOLING:
            pooled = paper_network(row.dataset, project_of(row.method), f"{row.network} with global pooling")
            source = networks.build(pooled, 3, data.classes)
        small = _target(row, source, example)
        return Sizes(count(dense, images), count(small, images) if small else None)


def _target(row: Row, network: nn.Module, example: Tensor) -> nn.Module | None:
    from prunebench.pruning import Plan, prunable
    from prunebench.pruning.predefined import predefined, predefined_blocks
    from prunebench.pruning.surgery import apply

    if not row.variant:
        return None
    if row.method == "sss":
        return apply(network, Plan({}, {}, drop=predefined_blocks(row.variant)), example)
    kept = predefined(row.variant, network, example)
    widths = {group.name: group.channels for group in prunable(network, example)}
    plan = Plan({name: tuple(range(n)) for name, n in kept.items()}, {name: widths[name] for name in kept})
    return apply(network, plan, example)


def _arms(row: Row) -> list[str]:
    """Return the row's arms in the order of the table; slimming also trains a sparse network to prune."""
    sparse = ["sparse"] if row.method == "slimming" else []
    named = [arm for arm in (*row.paper, *row.drops) if arm not in ("dense", "dense_original")]
    return ["dense", *sparse, *named]


def _recipe(arm: str, found: Recipes, sizes: Sizes) -> Recipe | None:
    """Return an arm's recipe, None where its epochs depend on what pruning leaves."""
    if arm.startswith("finetune"):
        return replace(found.finetune, epochs=int(arm.partition("_")[2] or found.finetune.epochs))
    if arm != "scratch_b":
        return found.dense
    return same_flops(found.dense, sizes.dense.flops, sizes.pruned.flops, found.cap) if sizes.pruned else None


def _cost(arm: str, recipe: Recipe | None, sizes: Sizes, images: int) -> int | None:
    """Return the training FLOPs of an arm; the dense network is what is trained while it is pruned."""
    network = sizes.dense if arm in ("dense", "sparse", "pruned") else sizes.pruned
    return 3 * network.flops * images * recipe.epochs if network and recipe else None

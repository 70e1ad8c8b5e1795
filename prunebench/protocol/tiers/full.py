"""Tiers quick and paper: the paper's datasets and networks, at an eighth of its epochs or at all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from prunebench.protocol.recipes import PAPER_CIFAR, Recipes, paper_recipes
from prunebench.protocol.tiers.tier import Tier
from prunebench.specs.architectures import CIFAR, IMAGENET, PROJECTS
from prunebench.specs.budget import stretched
from prunebench.specs.experiment import Network, Recipe, options

DATASETS = {"CIFAR-10": CIFAR, "CIFAR-100": CIFAR, "ImageNet": IMAGENET}


def _known() -> Iterator[tuple[str, Network, Recipes]]:
    """Yield every network of the paper with its recipes, by dataset and method.

    Methods of no sub-project take what the first one that has a network of that name calls so.
    """
    for dataset, projects in DATASETS.items():
        for project in sorted(projects, key=list(PROJECTS).index, reverse=True):
            for name, network in projects[project].items():
                own = paper_recipes(dataset, project, name)
                yield f"{dataset} {name}", network, own
                yield from ((f"{dataset} {method} {name}", network, own) for method in PROJECTS[project])
    for dataset in ("CIFAR-10", "CIFAR-100"):
        yield f"{dataset} MobileNetV2", Network("mobilenet", options()), PAPER_CIFAR["l1"]


def _shorter(recipes: Recipes, times: int, precision: str) -> Recipes:
    """Return the recipes over fewer epochs; the penalty grows as the schedule shrinks, so that it does as much."""

    def short(recipe: Recipe) -> Recipe:
        return replace(stretched(recipe, max(1, recipe.epochs // times)), precision=precision)

    return replace(recipes, dense=short(recipes.dense), finetune=short(recipes.finetune))


def _tier(name: str, summary: str, seeds: int, margin: float, times: int = 1, precision: str = "float32") -> Tier:
    networks: Mapping[str, Network] = {key: network for key, network, _ in _known()}
    recipes = {key: _shorter(own, times, precision) for key, _, own in _known()}
    default = _shorter(PAPER_CIFAR["l1"], times, precision)
    return Tier(name, summary, seeds, margin, "", networks, {**recipes, "*": default})


QUICK = _tier("quick", "the row's dataset and network, an eighth of its epochs, bf16: for a GPU", 3, 0.75, 8, "bf16")
"""In bf16, which one H200 trains 1.7 (ResNet-56) to 3.8 times (VGG-19) as fast as float32 (claims/README.md)."""

PAPER = replace(
    _tier("paper", "the row's own dataset, network and schedule: for GPUs, hours or days", 5, 0.5), whole=True
)

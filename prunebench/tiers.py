"""How big a run is: what stands for the paper's datasets and networks, how long it is trained, how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from prunebench.datasets.catalogue import DETECTION
from prunebench.datasets.registry import Description, describe, names
from prunebench.errors import PrunebenchError, UnknownNameError
from prunebench.experiment import Network, Options, Recipe, options
from prunebench.recipes import Recipes
from prunebench.tables import Row


@dataclass(frozen=True)
class Detecting:
    """How classifiers become detectors in a tier (Table 12).

    Attributes:
        dataset: the detection dataset that stands for the paper's.
        detector: settings of Faster R-CNN.
        recipes: of detectors: `dense` on a classifier's layers, `finetune` after pruning a detector.
    """

    dataset: str
    detector: Options
    recipes: Recipes


DIGIT_SCENES = Detecting(
    dataset="digit-scenes",
    detector=options(
        size=48,
        largest=48,
        anchors=[8],
        aspects=[1.0],
        candidates=[100, 100],
        proposals=[32, 32],
        regions=48,
        pooled=4,
        head=2,
        frozen=False,
        multiple=16,
    ),
    recipes=Recipes(Recipe(12, 0.1, (8,), batch_size=8), Recipe(6, 0.01, batch_size=8), sparsity=0),
)
"""A detector that learns within seconds. Its head takes a scan through two stages, as wide as classifiers do; batch
normalisation follows the scenes, since the classifiers have seen no digit out of its place."""


@dataclass(frozen=True)
class Tier:
    """The size of a run.

    Attributes:
        name: what `--pb-tier` calls it.
        summary: one line for people.
        seeds: how many unless the user says.
        margin: accuracy points of every "at least".
        dataset: the dataset that stands for every one of the paper.
        networks: by the paper's name, the network that stands for it; a method or dataset before the name goes first.
        recipes: by the same names; `*` for the others.
        confidence: of each one-sided bound.
        threads: CPU threads of one training; None for the cores that each worker has.
        halves: the dataset that an architecture is found on and the one that it is tried on, where a claim asks for two
            that share no class; by default what stands for CIFAR-10 and CIFAR-100.
        substitutes: by the paper's name, a dataset that stands for it in place of the tier's (`--pb-dataset`).
        detecting: how Table 12 is run.
    """

    name: str
    summary: str
    seeds: int
    margin: float
    dataset: str
    networks: Mapping[str, Network]
    recipes: Mapping[str, Recipes]
    confidence: float = 0.95
    threads: int | None = None
    halves: tuple[str, ...] = ("CIFAR-10", "CIFAR-100")
    substitutes: Mapping[str, Description] = field(default_factory=dict)
    detecting: Detecting = DIGIT_SCENES

    def description(self, dataset: str) -> Description:
        """Return what stands for a dataset of the paper."""
        usual = self.detecting.dataset if dataset == DETECTION else self.dataset
        return self.substitutes.get(dataset) or describe(usual)

    def half(self, number: int) -> Description:
        """Return the dataset that an architecture is found on (0), or the one that it is tried on (1)."""
        name = self.halves[number]
        return describe(name) if name in names() else self.description(name)

    def stand_in(self, row: Row) -> str:
        """Return the name under which a row's network is found; the same name means other networks at times (Q7)."""
        names = (f"{row.method} {row.network}", f"{row.dataset} {row.network}", row.network)
        return next((name for name in names if name in self.networks), row.network)

    def network(self, name: str) -> Network:
        """Return what stands for a network of the paper.

        Raises:
            PrunebenchError: this tier has none of this name.
        """
        if name not in self.networks:
            raise PrunebenchError(
                f"tier {self.name!r} has nothing that stands for {name}, only for {', '.join(self.networks)}; "
                f"`prunebench show ROW --tier {PAPER}` shows what the paper trains"
            )
        return self.networks[name]

    def recipes_for(self, network: str) -> Recipes:
        """Return the recipes for a network of the paper."""
        return self.recipes.get(network, self.recipes["*"])


def _smoke(epochs: int, sparsity: float) -> Recipes:
    """One drop of the rate half-way; fine-tuning at that lowest rate for half as long; rate and batch are doubled."""
    dense = Recipe(epochs, 0.2, (epochs // 2,), batch_size=128)
    return Recipes(dense, Recipe(epochs // 2, 0.02, batch_size=128), sparsity, cap=2.0)


def _basic(blocks: int, **chosen: Any) -> Network:
    return Network("resnet", options(**{"blocks": blocks, "widths": [8, 16, 32], **chosen}))


_UNSELECTED = Network("preresnet", options(blocks=2, widths=[4, 8, 16], form="weight_level"))

SMOKE = Tier(
    name="smoke",
    summary="scikit-learn digits, narrow and shallow networks of the same families: shows that the machinery works",
    seeds=3,
    margin=3.0,
    dataset="digits",
    networks={
        "VGG-19": Network("vgg", options(widths=[8, 8, "M", 16, 16, "M", 32, 32, 64, 64])),
        "VGG-16": Network("vgg", options(widths=[8, 8, "M", 16, 16, "M", 32, 32, 64])),
        "VGG-11": Network("vgg", options(widths=[8, "M", 16, 16, "M", 32, 32], hidden=[32, 32])),
        "PreResNet-164": Network("preresnet", options(blocks=2, widths=[4, 8, 16])),
        "PreResNet-56": Network("preresnet", options(blocks=1, widths=[4, 8, 16])),
        "PreResNet-110": _UNSELECTED,
        "DenseNet-40": Network("densenet", options(layers=2, growth=8)),
        "DenseNet-BC-100": Network(
            "densenet", options(layers=2, growth=8, bottleneck=True, compression=0.5, form="weight_level")
        ),
        "ResNet-20": _basic(1),
        "ResNet-32": Network("resnet", options(blocks=2, widths=[4, 8, 16])),
        "ResNet-56": _basic(2),
        "ResNet-110": _basic(3),
        "ResNet-50": _basic(2, shortcut="projection"),
        "ResNet-34": _basic(1, widths=[8, 16, 32, 64]),
        "ImageNet ResNet-50": _UNSELECTED,
        "regression ResNet-50": Network("preresnet", options(blocks=2, widths=[4, 8, 16])),
        "MobileNetV2": Network(
            "mobilenet", options(stages=[(1, 8, 1, 1), (4, 8, 1, 1), (4, 16, 2, 2), (4, 32, 2, 2)], stem=8, last=64)
        ),
    },
    recipes={
        "VGG-19": _smoke(20, 0.25),
        "VGG-16": _smoke(20, 0.25),
        "VGG-11": _smoke(20, 0.12),
        "DenseNet-40": _smoke(12, 0.06),
        "DenseNet-BC-100": _smoke(12, 0.06),
        **dict.fromkeys(
            ("ResNet-20", "ResNet-32", "ResNet-34", "ResNet-50", "ResNet-56", "ResNet-110"), _smoke(12, 0.06)
        ),
        "*": _smoke(16, 0.06),
    },
    threads=1,
    halves=("digits-low", "digits-high"),
)
"""Calibrated so that every arm is at its plateau and pruning leaves more than one channel in nearly every layer.

The rate drops once, to 0.01, and fine-tuning is at that lowest rate, as in the paper; the share of the penalty between
VGG and the other networks is the paper's as well (protocols 3). One thread is the fastest for networks this small, and
makes the numbers independent of the number of workers.
"""

PAPER = "paper"
"""The tier of the paper's own datasets, networks and schedules; so far it can only be shown (`prunebench.paper`)."""

_TIERS = {SMOKE.name: SMOKE}


def summaries() -> dict[str, str]:
    """Return all tiers by name, each with one line for people."""
    paper = f"the paper's datasets, networks and schedules: for `prunebench show ROW --tier {PAPER}`, cannot run yet"
    return {name: tier.summary for name, tier in _TIERS.items()} | {PAPER: paper}


def register(tier: Tier) -> None:
    """Add a tier, or replace the one of its name, for this process: for studies of one's own and for tests."""
    _TIERS[tier.name] = tier


def choose(name: str) -> tuple[Tier, str]:
    """Return the tier of a name and the reason for it; `auto` takes the largest that this machine can run.

    Raises:
        UnknownNameError: there is no such tier.
        PrunebenchError: it is `paper`, which cannot run yet.
    """
    if name == PAPER:
        raise PrunebenchError(
            f"tier {PAPER!r} cannot run yet; `prunebench show ROW --tier {PAPER}` shows what a row would train, "
            f"--pb-tier {SMOKE.name} runs here, also on a dataset of the paper's size: --pb-dataset cifar10=cifar10"
        )
    if name == "auto":
        return SMOKE, "auto: digits are embedded, no larger tier has its datasets here"
    if name not in _TIERS:
        raise UnknownNameError("tier", name, [*_TIERS, PAPER, "auto"])
    return _TIERS[name], "as asked"

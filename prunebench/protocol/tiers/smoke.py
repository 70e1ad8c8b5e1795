"""Tier smoke: scikit-learn's digits, seconds per training, the whole suite in an hour on two cores."""

from __future__ import annotations

from typing import Any

from prunebench.protocol.recipes import Recipes
from prunebench.protocol.tiers.tier import Detecting, Tier
from prunebench.specs.experiment import Network, Recipe, options

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


def _smoke(epochs: int, sparsity: float, finetune: int = 0) -> Recipes:
    """One drop of the rate half-way; fine-tuning at that lowest rate, half as long unless said; rate, batch doubled."""
    dense = Recipe(epochs, 0.2, (epochs // 2,), batch_size=128)
    return Recipes(dense, Recipe(finetune or epochs // 2, 0.02, batch_size=128), sparsity, cap=2.0)


def _basic(blocks: int, **chosen: Any) -> Network:
    return Network("resnet", options(**{"blocks": blocks, "widths": [8, 16, 32], **chosen}))


_UNSELECTED = Network("preresnet", options(blocks=2, widths=[4, 8, 16], form="weight_level"))

SMOKE = Tier(
    name="smoke",
    summary="scikit-learn digits, narrow and shallow networks of the same families: shows that the machinery works",
    seeds=3,
    margin=1.0,
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
        "soft_filter ResNet-50": _basic(2, shortcut="projection"),
        "regression ResNet-50": Network("preresnet", options(blocks=2, widths=[4, 8, 16])),
        "MobileNetV2": Network(
            "mobilenet", options(stages=[(1, 8, 1, 1), (4, 8, 1, 1), (4, 16, 2, 2), (4, 32, 2, 2)], stem=8, last=64)
        ),
    },
    recipes={
        "VGG-19": _smoke(20, 0.25),
        "VGG-16": _smoke(20, 0.25),
        "VGG-11": _smoke(20, 0.12),
        "DenseNet-40": _smoke(12, 0.12),
        "DenseNet-BC-100": _smoke(12, 0.06, finetune=12),
        "PreResNet-110": _smoke(16, 0.06, finetune=16),
        **dict.fromkeys(
            ("ResNet-20", "ResNet-32", "ResNet-34", "ResNet-50", "soft_filter ResNet-50", "ResNet-56", "ResNet-110"),
            _smoke(12, 0.06),
        ),
        "*": _smoke(16, 0.06),
    },
    threads=1,
    halves=("digits-low", "digits-high"),
    detecting=DIGIT_SCENES,
)
"""Calibrated so that every arm is at its plateau and pruning leaves more than one channel in nearly every layer.

The rate drops once, to 0.01, and fine-tuning is at that lowest rate, as in the paper; the share of the penalty between
VGG and most other networks is the paper's as well (protocols 3), DenseNet-40 needs twice its own. What a mask leaves of
the narrowest networks is fine-tuned for as long as the dense ones are trained. One thread is the fastest for networks
this small, and makes the numbers independent of the number of workers.
"""

"""Numbers and names as pages have them: what was trained comes first, what it stands in for second."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from math import floor, log10

from prunebench.protocol.tiers import base
from prunebench.records.record import Record

ARMS = {
    "dense": "Dense",
    "sparse": "Sparsity training",
    "pruned": "Pruned, not retrained",
    "finetune": "Fine-tuned",
    "scratch_e": "Scratch-E",
    "scratch_b": "Scratch-B",
    "uniform_scratch_b": "Scratch-B of uniform pruning",
    "lr_rewind": "Rewound learning rate",
    "finetune_e": "Fine-tuned as long as dense",
}
"""Names of arms for people; the others go by their own with spaces."""

_FAMILIES = {"densenet": "DenseNet", "vgg": "VGG", "resnet": "ResNet", "preresnet": "PreResNet"}
_DATASETS = {"mnist": "MNIST", "digits": "scikit-learn digits", "digit-scenes": "scenes of digits"}
_SMALL = ("smoke", "laptop")
"""Tiers whose networks are narrow and shallow ones of the paper's families."""

_PREFIXES = ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k"), (1, ""))


def network(name: str, used: str, parameters: int, tier: str) -> str:
    """Return which network was trained, such as `Small DenseNet (20 k parameters)`.

    Args:
        name: the paper's.
        used: family and settings.
        parameters: of the dense network.
        tier: of the record.
    """
    family = _FAMILIES.get(used.partition(" ")[0])
    if base(tier) not in _SMALL or family is None or used.endswith("of a user's file"):
        return name
    return f"Small {family} ({quantity(parameters, 2)} parameters)"


def dataset(name: str, used: str) -> str:
    """Return on which dataset, such as `MNIST 14x14`; the paper's name where it is that very dataset."""
    kind, _, size = used.partition(" ")
    if not used or kind == name.lower().replace("-", ""):
        return name
    return f"{_DATASETS.get(kind, kind)} {size}".rstrip()


def trained(record: Record) -> str:
    """Return what was trained on what."""
    own, data = record.network, record.dataset
    return f"{network(own.name, own.used, record.dense.parameters, record.tier)} on {dataset(data.name, data.used)}"


def stands_for(record: Record) -> str:
    """Return which network and dataset of the paper that stands in for; empty where it is these."""
    paper = f"{record.network.name} on {record.dataset.name}"
    return "" if paper == trained(record) else paper


def treated(record: Record) -> str:
    """Return how it was pruned, such as `slimming 40 %`."""
    paper = f"{record.network.name} on {record.dataset.name}, "
    if record.title.startswith(paper):
        return record.title.removeprefix(paper)
    return record.method.name + (f" {100 * record.ratio:.3g} %" if record.ratio else "")


def title(record: Record) -> str:
    """Return a row's title: what was trained, on what, and how it was pruned."""
    return f"{trained(record)}, {treated(record)}"


def arm(name: str) -> str:
    """Return an arm's name for people."""
    return ARMS.get(name) or (name[:1].upper() + name[1:]).replace("_", " ")


def in_order(names: Sequence[str]) -> list[str]:
    """Return arms as pages order them: the known ones first."""
    return [*(name for name in ARMS if name in names), *(name for name in names if name not in ARMS)]


@lru_cache(4096)
def words(text: str) -> str:
    """Return a relation or reason with the arms' names for people and real minus signs."""
    text = text.replace("uniform_scratch_b", "Scratch-B of uniform pruning").replace("`", "")
    for name, said in (("finetune", "fine-tuning"), ("scratch_b", "Scratch-B"), ("scratch_e", "Scratch-E")):
        text = re.sub(rf"\b{name}\b", said, text)
    text = re.sub(r"(?<=[a-z])_(?=[a-z])", " ", text)
    return re.sub(r"(?<![\w.])-(?=[\d.])", "−", text.replace(" - ", " − "))


def signed(value: float, digits: int = 2) -> str:
    """Return a number with its sign, a real minus; what rounds to zero has none."""
    rounded = round(value, digits)
    return f"{'−' if rounded < 0 else '+' if rounded > 0 else ''}{abs(rounded):.{digits}f}"


def quantity(value: float, digits: int = 3) -> str:
    """Return a large number with its prefix, such as `4.81 M`."""
    limit, unit = next((found for found in _PREFIXES if value >= found[0]), _PREFIXES[-1])
    scaled = value / limit
    places = max(digits - 1 - floor(log10(scaled)), 0) if scaled > 0 else 0
    return f"{scaled:.{places}f}{unit}"


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    if seconds < 120:
        return f"{seconds:.3g} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def spread(low: float, high: float) -> str:
    """Return whole numbers from the lowest to the highest."""
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


def amount(value: float, noun: str) -> str:
    """Return a measured amount, such as `1 point` or `0.3 points`."""
    return f"{value:g} {noun}{'' if value == 1 else 's'}"


def measured(value: float, unit: str) -> str:
    """Return a number in a verdict's unit, such as `1 point` or `0.05 kept share`."""
    return amount(value, unit.removesuffix("s")) if unit in ("points", "rows") else f"{value:g} {unit}"


def several(count: int, noun: str) -> str:
    """Return a number of things, such as `1 row` or `2 rows`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"

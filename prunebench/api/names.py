"""Networks, datasets, methods, claims, rows and tiers by name. Torch is imported only to build or import."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias

from prunebench.datasets import available
from prunebench.datasets.description import Description
from prunebench.protocol import tables, tiers
from prunebench.specs.architectures import FAMILIES

if TYPE_CHECKING:
    from torch import nn

Pairs: TypeAlias = "tuple[Any, Any]"
"""Square images [N, H, W], [N, H, W, C] or [N, C, H, W], and a label each: tensors, arrays or lists (docs/data.md)."""


def list_claims() -> dict[str, str]:
    """Return all claims by id, each with its sentence and where the paper has it."""
    return {c.id: f"{c.statement} ({c.where})" for c in tables.load().claims.values()}


def list_rows() -> dict[str, str]:
    """Return all rows of the paper's tables and figures by id, each with its title."""
    return {row.id: f"Table {row.table}: {row.title}" for row in tables.load().rows.values()}


def list_tiers() -> dict[str, str]:
    """Return all tiers by name, from the smallest, each with one line that says what it trains."""
    return tiers.summaries()


def list_methods() -> dict[str, str]:
    """Return all pruning methods by name, also those of installed packages, each with what it does and its source."""
    from prunebench.pruning.registry import methods

    return methods()


def list_networks() -> dict[str, str]:
    """Return the families of networks by name, each with what it is; `build_network` takes torchvision's names too."""
    return dict(FAMILIES)


def list_datasets(folder: str | Path = "data") -> dict[str, str]:
    """Return all datasets by name, with those that were added to a data folder, each with one line about it."""
    data = Path(folder)
    return {name: available.describe(name, data).summary for name in available.names(data)}


def build_network(name: str, channels: int = 3, classes: int = 10, **options: Any) -> nn.Module:
    """Return an untrained network, with PyTorch's default weights.

    Args:
        name: one of `list_networks()`, or any classifier of torchvision, such as `resnet18`.
        channels: of the images.
        classes: number of them.
        options: of the family, such as `depth=20`; an unknown one is an error that names the valid ones.

    Raises:
        PrunebenchError: there is no such network, or an option is wrong or missing.
    """
    from prunebench import networks
    from prunebench.specs.experiment import Network
    from prunebench.specs.experiment import options as frozen

    own = name in FAMILIES
    network = Network(name, frozen(**options)) if own else Network("torchvision", frozen(name=name, **options))
    return networks.build(network, channels, classes)


def add_dataset(
    name: str,
    source: str | Path | None = None,
    *,
    train: Pairs | None = None,
    test: Pairs | None = None,
    augment: bool = False,
    folder: str | Path = "data",
) -> Description:
    """Import a dataset, as `prunebench data add` does, and return its description; the same one again is no error.

    Args:
        name: under which it is known from then on: small letters, digits, `.`, `_` and `-`.
        source: file or folder, of any layout that `prunebench data add` reads.
        train: images and labels, in place of a source.
        test: likewise.
        augment: whether training shifts and mirrors small images.
        folder: of datasets, checkpoints and records.

    Raises:
        DatasetError: it is neither a source nor both splits, is no dataset, or another one has this name.
    """
    from prunebench.api.arrays import saved
    from prunebench.common.errors import DatasetError
    from prunebench.datasets.importing import add, described

    if (source is None) == (train is None) or (train is None) != (test is None):
        raise DatasetError("give either a source, a file or folder, or both train=(images, labels) and test=(...)")
    wanted = described(name, augment=augment)
    if source is not None:
        return add(wanted, Path(source), Path(folder))
    with TemporaryDirectory() as beside:
        return add(wanted, saved({"train": train, "test": test}, Path(beside) / f"{name}.npz"), Path(folder))

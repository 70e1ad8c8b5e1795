"""Which datasets there are, which of them are here, and their images. Torch is imported only to load."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from prunebench.datasets import manifest
from prunebench.datasets.catalogue import CATALOGUE, EMBEDDED, PAPER
from prunebench.datasets.description import Description
from prunebench.errors import DatasetError, PrunebenchError, UnknownNameError
from prunebench.experiment import Dataset

if TYPE_CHECKING:
    from prunebench.datasets.images import Images

__all__ = ["Description", "describe", "load", "names", "require", "substitutes"]


def names(data: Path | None = None) -> list[str]:
    """Return the names of all datasets, with those that a user added to the folder `data`."""
    return sorted({*CATALOGUE, *(manifest.names(data) if data else ())})


def describe(name: str, data: Path | None = None) -> Description:
    """Return the description of a dataset: of the one in the folder `data` if it is there, else of the catalogue.

    Raises:
        UnknownNameError: there is none of this name.
    """
    found = manifest.read(data, name) if data else None
    if found is not None:
        return found.description
    if name not in CATALOGUE:
        raise UnknownNameError("dataset", name, names(data))
    return CATALOGUE[name]


def require(name: str, data: Path) -> Description:
    """Return the description of a dataset that can be loaded.

    Raises:
        UnknownNameError: there is none of this name.
        DatasetError: it is not in the folder `data`; says how to get it.
    """
    known = describe(name, data)
    if name not in EMBEDDED and manifest.read(data, name) is None:
        raise DatasetError(f"dataset {name} is not in {data / 'datasets'}; get it so:\n{known.how}")
    return known


def load(dataset: Dataset, data: Path | None = None) -> Images:
    """Load a dataset and check that its content is what the spec names.

    Args:
        dataset: part of a spec.
        data: folder of datasets; digits need none.

    Raises:
        DatasetError: it is not here, damaged, or has another digest than the spec says.
    """
    if dataset.name in EMBEDDED:
        from prunebench.datasets.digits import load_digits

        return load_digits(dataset)
    from prunebench.datasets.arrays import load_arrays

    folder = data or Path("data")
    found = require(dataset.name, folder)
    if found.digest != dataset.digest:
        raise DatasetError(
            f"{manifest.place(folder, dataset.name)} has digest {found.digest[:12]}, this outcome is of "
            f"{dataset.digest[:12] or 'a dataset that was not here'}: another dataset of the same name"
        )
    return load_arrays(dataset, manifest.place(folder, dataset.name), found.classes)


def substitutes(given: Iterable[str], data: Path) -> dict[str, Description]:
    """Return what stands for datasets of the paper, by the paper's names.

    Args:
        given: such as `cifar10=cifar10-jpeg75`.
        data: folder of datasets.

    Raises:
        PrunebenchError: a text is not of this form, or names no dataset of the paper.
        UnknownNameError: there is no such dataset to stand for it.
        DatasetError: it is not here; says how to get it.
    """
    found = {}
    for text in given:
        paper, equals, ours = text.partition("=")
        if not equals or paper not in PAPER:
            raise PrunebenchError(
                f"--pb-dataset {text}: write PAPER=OURS, such as cifar10=cifar10-jpeg75; PAPER is one of "
                f"{', '.join(PAPER)}, OURS one of {', '.join(names(data))}"
            )
        found[PAPER[paper]] = require(ours, data)
    return found

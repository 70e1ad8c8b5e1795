"""Which datasets there are, which of them are here, and their images. Torch is imported only to load."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from prunebench.common.errors import DatasetError, PrunebenchError, UnknownNameError
from prunebench.common.folders import work_folder
from prunebench.datasets import manifest
from prunebench.datasets.catalogue import CATALOGUE, DETECTION, EMBEDDED, PAPER
from prunebench.datasets.description import Description
from prunebench.datasets.manifest import Manifest
from prunebench.specs.experiment import Dataset

if TYPE_CHECKING:
    from prunebench.datasets.annotated import Annotated
    from prunebench.datasets.images import Images

__all__ = ["Description", "describe", "load", "load_annotated", "names", "own", "require", "substitutes"]


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
    return CATALOGUE[name] if name in EMBEDDED else _imported(name, data).description


def _imported(name: str, data: Path) -> Manifest:
    found = manifest.read(data, name)
    if found is None:
        raise DatasetError(f"dataset {name} is not in {data / 'datasets'}; get it so:\n{describe(name, data).how}")
    return found


def load(dataset: Dataset, data: Path = Path("data")) -> Images:
    """Load a dataset and check that its content is what the spec names.

    Args:
        dataset: part of a spec.
        data: folder of datasets; digits need none.

    Raises:
        DatasetError: it is not here, damaged, or has another digest than the spec says.
    """
    from prunebench.datasets.arrays import load_arrays
    from prunebench.datasets.digits import load_digits
    from prunebench.datasets.photos import load_photos

    if dataset.name in EMBEDDED:
        return load_digits(dataset)
    found, place = _same(dataset, data), manifest.place(data, dataset.name)
    if found.listed:
        return load_photos(dataset, place, found, work_folder(data) / "cache" / dataset.digest[:12])
    return load_arrays(dataset, place, found)


def own(data: Path) -> dict[str, Description]:
    """Return those datasets of the paper that are in the folder `data`, by the paper's names."""
    found = {paper: manifest.read(data, name) for name, paper in PAPER.items()}
    return {paper: here.description for paper, here in found.items() if here is not None}


def load_annotated(dataset: Dataset, data: Path) -> Annotated:
    """Load a detection dataset; arguments and errors as for `load`."""
    from prunebench.datasets.scenes import load_scenes
    from prunebench.datasets.voc import CLASSES, load_voc

    if dataset.name in EMBEDDED:
        return load_scenes(dataset)
    found = _same(dataset, data)
    return load_voc(manifest.place(data, dataset.name), CLASSES.get(dataset.name, ()), found)


def _same(dataset: Dataset, data: Path) -> Manifest:
    """Return the manifest of an imported dataset that is the one of a spec."""
    found = _imported(dataset.name, data)
    if found.description.digest != dataset.digest:
        raise DatasetError(
            f"{manifest.place(data, dataset.name)} has digest {found.description.digest[:12]}, this outcome is of "
            f"{dataset.digest[:12]}: another dataset of the same name"
        )
    return found


STAND_INS = ("mnist", "digits")
"""Datasets that stand for all of the paper's in a tier."""


def substitutes(given: Iterable[str], data: Path, stand_in: str = "") -> dict[str, Description]:
    """Return what stands for datasets of the paper, by the paper's names.

    Args:
        given: such as `cifar10=cifar10-jpeg75`.
        data: folder of datasets.
        stand_in: the dataset that stands for all of the paper's for classification without this; `mnist=mine` or
            `digits=mine` replaces it, whichever it is. Empty where there is none.

    Returns:
        the descriptions by the paper's names, or by the name of `stand_in`.

    Raises:
        PrunebenchError: a text is not of this form, names no dataset of the paper, or has one for detection and one for
            classification.
        UnknownNameError: there is no such dataset to stand for it.
        DatasetError: it is not here; says how to get it.
    """
    found, valid = {}, {**PAPER, **(dict.fromkeys(STAND_INS, stand_in) if stand_in else {})}
    for text in given:
        paper, equals, ours = text.partition("=")
        if not equals or paper not in valid:
            raise PrunebenchError(
                f"--pb-dataset {text}: write PAPER=OURS, such as cifar10=cifar10-jpeg75; PAPER is one of "
                f"{', '.join(valid)}, OURS one of {', '.join(names(data))}"
            )
        detection = valid[paper] == DETECTION
        if describe(ours, data).detection != detection:
            alike = [name for name in names(data) if describe(name, data).detection == detection]
            raise PrunebenchError(
                f"--pb-dataset {text}: one of the two is for detection, the other for classification; "
                f"valid for {paper} are {', '.join(alike)}"
            )
        found[valid[paper]] = require(ours, data)
    return found

"""`prunebench data add`: a dataset is imported in full or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from prunebench.datasets import manifest
from prunebench.datasets.catalogue import CATALOGUE, EMBEDDED
from prunebench.datasets.description import Description
from prunebench.datasets.manifest import Manifest
from prunebench.errors import DatasetError


def described(name: str, summary: str = "", licence: str = "", augment: bool = False) -> Description:
    """Return what is to be imported under a name: a dataset of the catalogue, or one of the user's.

    Raises:
        DatasetError: the name cannot be one, or is that of a dataset that needs no import.
    """
    if name in EMBEDDED:
        raise DatasetError(f"{name} come with scikit-learn and need no import")
    if name in CATALOGUE:
        return CATALOGUE[name]
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
        raise DatasetError(f"{name!r} cannot be a dataset's name: take small letters, digits, '.', '_' and '-'")
    summary = summary or f"the user's dataset {name}"
    kind = "crop-flip" if augment else ""
    return Description(name, "", summary, 0, 0, 0, 0, 0, licence or "not stated", augment=kind)


def add(wanted: Description, source: Path, data: Path) -> Description:
    """Import a dataset to `<data>/datasets/<name>/`: written beside its place, checked, and renamed into it.

    Args:
        wanted: from `described`.
        source: a file or folder.
        data: folder of datasets.

    Returns:
        the description of what was imported.

    Raises:
        DatasetError: the source is not what is wanted, or cannot be written; nothing is left behind.
    """
    place = manifest.place(data, wanted.name)
    if not source.exists():
        raise DatasetError(f"{source} does not exist")
    beside = place.with_name(f".{wanted.name}.part")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        made = _write(wanted, source, beside)
        manifest.write(beside, made)
        _put(beside, data, made.description)
    except OSError as error:
        raise DatasetError(
            f"cannot write to {place.parent}: {error.strerror or error}. Nothing was imported; free some space or "
            "give another folder with --data DIR, and run the same command again"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return made.description


def _write(wanted: Description, source: Path, folder: Path) -> Manifest:
    from torchvision.datasets import CIFAR10, CIFAR100

    from prunebench.datasets import readers
    from prunebench.datasets.arrays import Arrays, save_arrays

    official: dict[str, Callable[[Path], Arrays]] = {
        "mnist": readers.read_mnist,
        "cifar10": partial(readers.read_cifar, kind=CIFAR10),
        "cifar100": partial(readers.read_cifar, kind=CIFAR100),
    }
    read = official.get(wanted.name, readers.read_npz)
    return save_arrays(read(source), wanted, folder, source.name)


def damages(name: str, data: Path) -> list[str]:
    """Return the files of an imported dataset whose content is no longer what was imported."""
    from prunebench.datasets.arrays import damaged

    found = manifest.read(data, name)
    return [] if found is None else damaged(manifest.place(data, name), found)


def _put(beside: Path, data: Path, made: Description) -> None:
    """Rename into place, where the same dataset may be, whole or damaged, but nothing else."""
    place = manifest.place(data, made.name)
    if place.exists() and manifest.digest(place) != made.digest:
        raise DatasetError(
            f"{place} already holds something else than this dataset, whose digest is {made.digest[:12]}; move that "
            "folder away first, or take another name"
        )
    shutil.rmtree(place, ignore_errors=True)
    os.rename(beside, place)

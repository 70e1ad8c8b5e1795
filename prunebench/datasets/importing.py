"""`prunebench data add`: a dataset is imported in full or not at all."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from prunebench.common.errors import DatasetError
from prunebench.datasets import manifest
from prunebench.datasets.catalogue import CATALOGUE, EMBEDDED
from prunebench.datasets.description import Description
from prunebench.datasets.manifest import Manifest

if TYPE_CHECKING:
    from prunebench.datasets.conversion import Given

PHOTOS = "photos"
"""Folder beside the lists for photos that came in another file."""


def described(name: str, summary: str = "", licence: str = "", augment: bool = False, size: int = 0) -> Description:
    """Return what is to be imported under a name: a dataset of the catalogue, or one of the user's.

    Args:
        name: in the catalogue, or a new one.
        summary: of the user's dataset, for people.
        licence: of the user's dataset.
        augment: whether training shifts and mirrors small images; photos are always cropped at random.
        size: height and width at which networks see photos; 0 for that of ImageNet.

    Raises:
        DatasetError: the name cannot be one, is that of a dataset that needs no import, or comes with facts of its own.
    """
    if name in EMBEDDED:
        raise DatasetError(f"{name} come with scikit-learn and need no import")
    if name in CATALOGUE:
        if summary or licence or augment or size:
            raise DatasetError(f"{name} is known with all its facts; leave the options out, or take another name")
        return CATALOGUE[name]
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
        raise DatasetError(f"{name!r} cannot be a dataset's name: take small letters, digits, '.', '_' and '-'")
    summary = summary or f"the user's dataset {name}"
    kind = "crop-flip" if augment else ""
    return Description(name, "", summary, 0, 0, 0, 0, size, licence or "not stated", augment=kind)


def add(wanted: Description, source: Path, data: Path) -> Description:
    """Import a dataset to `<data>/datasets/<name>/`: written beside its place, checked, and renamed into it.

    Args:
        wanted: from `described`.
        source: a file or folder; of images with boxes, also a tar archive.
        data: folder of datasets.

    Returns:
        the description of what was imported.

    Raises:
        DatasetError: the source is not what is wanted, or cannot be written; nothing is left behind.
    """
    place = manifest.place(data, wanted.name)
    if not source.exists():
        raise DatasetError(f"{source} does not exist")
    if source.is_file() and source.suffix != ".npz" and not _is_archive(source, wanted):
        raise DatasetError(f"{source} is neither a folder nor an .npz file; unpack an archive first, as with tar -xf")
    beside = place.with_name(f".{wanted.name}.part")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        made = _write(wanted, source, beside)
        manifest.write(beside, made)
        _put(beside, data, made.description)
    except OSError as error:
        if error.filename is not None and Path(error.filename).is_relative_to(source):
            raise DatasetError(f"cannot read {error.filename}: {error.strerror}; nothing was imported") from error
        raise DatasetError(
            f"cannot write to {place.parent}: {error.strerror or error}. Nothing was imported; free some space or "
            "give another folder with --data DIR, and run the same command again"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return made.description


def _write(wanted: Description, source: Path, folder: Path) -> Manifest:
    from prunebench.datasets.arrays import save_arrays
    from prunebench.datasets.folder import save_folder
    from prunebench.datasets.voc import save_voc

    if _is_archive(source, wanted):
        unpacked = _unpack(source, folder / source.name)
        made = save_voc(unpacked, wanted, folder)
        shutil.rmtree(unpacked)
        return made
    if wanted.detection or (wanted.name not in CATALOGUE and _has_boxes(source)):
        return save_voc(source, wanted, folder)
    read = _reader(wanted, source)
    if read is not None:
        return save_arrays(read(source), wanted, folder, source.name)
    return _of_parquet(wanted, source, folder) or save_folder(source, wanted, folder)


def _reader(wanted: Description, source: Path) -> Callable[[Path], Given] | None:
    """Return what reads the four arrays of a source, None where it has photos."""
    from torchvision.datasets import CIFAR10, CIFAR100

    from prunebench.datasets import idx, readers

    official = {"cifar10": CIFAR10, "cifar100": CIFAR100}
    if wanted.name in official:
        return partial(readers.read_cifar, kind=official[wanted.name])
    if source.is_file() or wanted.name == "cifar10-jpeg75":
        return readers.read_npz
    return readers.reader_of(source) or (idx.read if wanted.name == "mnist" or idx.find(source) else None)


def _of_parquet(wanted: Description, source: Path, folder: Path) -> Manifest | None:
    """Import parquet files of images: small ones as arrays, others as the files that they hold."""
    from prunebench.datasets import parquet
    from prunebench.datasets.arrays import save_arrays
    from prunebench.datasets.folder import save_folder

    splits = parquet.read(source)
    if not splits:
        return None
    found = parquet.as_arrays(splits, source)
    if found is not None:
        made = save_arrays(found[0], wanted, folder, source.name)
        return replace(made, notes=(*found[1], *made.notes))
    parquet.unpack(splits, source, folder / PHOTOS)
    return replace(save_folder(folder / PHOTOS, wanted, folder), source=PHOTOS)


def _is_archive(source: Path, wanted: Description) -> bool:
    """Return whether a file is an archive that can be read as it is: of images with boxes alone."""
    boxes = wanted.detection or wanted.name not in CATALOGUE
    return boxes and source.is_file() and tarfile.is_tarfile(source)


def _unpack(source: Path, folder: Path) -> Path:
    """Write the plain files of an archive to a folder; Python before 3.11.4 has no safe way of its own."""
    try:
        with tarfile.open(source) as archive:
            for member in filter(tarfile.TarInfo.isreg, archive):
                _unpack_file(archive, member, folder.resolve())
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DatasetError(f"{source} does not unpack ({error}); get the file anew") from error
    return folder


def _unpack_file(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    place = (folder / member.name).resolve()
    content = archive.extractfile(member)
    if content is None or not place.is_relative_to(folder):
        raise tarfile.TarError(f"{member.name} lies outside of it")
    place.parent.mkdir(parents=True, exist_ok=True)
    with content, place.open("wb") as file:
        shutil.copyfileobj(content, file)


def _has_boxes(source: Path) -> bool:
    """Return whether a folder has the layout of PASCAL VOC, in itself or as deep as archives have it."""
    return any(next(source.glob(f"{above}ImageSets"), None) for above in ("", "*/", "*/*/"))


def damages(name: str, data: Path) -> list[str]:
    """Return the files of an imported dataset whose content is no longer what was imported."""
    from prunebench.datasets import arrays, folder

    found, place = manifest.read(data, name), manifest.place(data, name)
    if found is None:
        return []
    if found.description.detection:
        return folder.changed(place, found, place)
    return folder.changed(place, found, place / found.source) if found.listed else arrays.changed(place, found)


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

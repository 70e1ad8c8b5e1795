"""Sets of small images as four arrays of bytes: checked, stored beside their manifest, and loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prunebench.common.errors import DatasetError
from prunebench.datasets.conversion import Given, converted
from prunebench.datasets.description import SPLITS, Description, differences
from prunebench.datasets.images import Images
from prunebench.datasets.integrity import same
from prunebench.datasets.manifest import Manifest, damaged, digest_of, sums_of
from prunebench.datasets.pixels import CropFlip, Pixels
from prunebench.specs.experiment import Dataset

PARTS = tuple(f"{split}_{what}" for split in SPLITS for what in ("images", "labels"))


def save_arrays(arrays: Given, wanted: Description, folder: Path, source: str) -> Manifest:
    """Check arrays and write them to a folder.

    Args:
        arrays: of the dataset, of any of the types and layouts that `conversion.converted` knows.
        wanted: what they must be; counts and classes of 0 and an empty digest, mean or std are taken from them.
        folder: that they are written to, with one file each.
        source: where they come from, for messages and the manifest.

    Raises:
        DatasetError: they are not images and labels, or not what is wanted.
    """
    try:
        given, notes = converted(arrays, wanted.classes)
        checked = {name: _checked(name, given[name]) for name in PARTS}
        found = _described(checked, wanted)
        for problem in _problems(checked, found, wanted):
            raise ValueError(problem)
    except KeyError as error:
        raise DatasetError(f"{source} has no {error}; wanted are {', '.join(PARTS)}") from error
    except ValueError as error:
        raise DatasetError(f"{source}: {error}; nothing was imported") from error
    for name, array in checked.items():
        np.save(folder / f"{name}.npy", array)
    sizes = {path.name: path.stat().st_size for path in folder.glob("*.npy")}
    return Manifest(found, _sums(checked), sizes, source, notes=tuple(notes), files=sums_of(folder, sizes))


def _checked(name: str, array: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return images as [N, H, W, C] and labels as [N], both of bytes."""
    if name.endswith("labels"):
        if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer) or not len(array):
            raise ValueError(f"{name} has shape {array.shape} and type {array.dtype}, wanted are integers [N]")
        if array.min() < 0 or array.max() > 255:
            raise ValueError(f"{name} has labels from {array.min()} to {array.max()}, wanted are 0 to 255")
        return array.astype(np.uint8)
    images = array[..., None] if array.ndim == 3 else array
    square = images.ndim == 4 and images.shape[1] == images.shape[2] and images.shape[3] in (1, 3)
    if not square or images.dtype != np.uint8 or not images.size:
        raise ValueError(
            f"{name} has shape {array.shape} and type {array.dtype}, wanted are bytes (uint8) of square images "
            "[N, H, W], or [N, H, W, C] with 1 or 3 channels"
        )
    return np.ascontiguousarray(images)


def _described(arrays: Mapping[str, NDArray[np.uint8]], wanted: Description) -> Description:
    """Complete what is wanted by what the arrays are."""
    images = arrays["train_images"]
    mean, std = wanted.mean, wanted.std
    if not mean:
        mean, std = zip(*(_moments(images[..., channel]) for channel in range(images.shape[3])), strict=True)
    return replace(
        wanted,
        digest=digest_of(_sums(arrays)),
        channels=images.shape[3],
        classes=wanted.classes or int(arrays["train_labels"].max()) + 1,
        train=len(images),
        test=len(arrays["test_images"]),
        size=images.shape[1],
        mean=mean,
        std=std,
        largest=largest(arrays["test_labels"]),
    )


def largest(labels: NDArray[np.uint8] | NDArray[np.uint16]) -> float:
    """Return the percentage of the labels that are of the largest class."""
    return round(100 * float(np.bincount(labels).max()) / len(labels), 4) if len(labels) else 0.0


def _moments(channel: NDArray[np.uint8]) -> tuple[float, float]:
    """Return mean and standard deviation on the scale from 0 to 1, from counts: the images fill memory only once."""
    levels, counts = np.arange(256) / 255, np.bincount(channel.ravel(), minlength=256)
    mean = np.average(levels, weights=counts)
    return round(float(mean), 4), round(float(np.average((levels - mean) ** 2, weights=counts) ** 0.5), 4) or 1.0


def _problems(arrays: Mapping[str, NDArray[np.uint8]], found: Description, wanted: Description) -> Iterator[str]:
    """Yield what is wrong, the most telling first."""
    for split in SPLITS:
        images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
        if len(images) != len(labels):
            yield f"{len(images)} {split} images have {len(labels)} labels"
        if labels.max() >= found.classes:
            yield f"a label of {split}_labels is {labels.max()}, with {found.classes} classes the highest is " + str(
                found.classes - 1
            )
    if arrays["train_images"].shape[1:] != arrays["test_images"].shape[1:]:
        yield f"training images are {arrays['train_images'].shape[1:]}, test images {arrays['test_images'].shape[1:]}"
    yield from differences(found, wanted, ("train", "test", "channels", "size"))


def _sums(arrays: Mapping[str, NDArray[np.uint8]]) -> dict[str, str]:
    return {name: hashlib.sha256(array.data).hexdigest() for name, array in arrays.items()}


def changed(folder: Path, manifest: Manifest) -> list[str]:
    """Return the files whose content is no longer what was imported."""
    wrong = []
    for name in PARTS:
        try:
            _loaded(folder, name, manifest)
        except DatasetError:
            wrong.append(f"{name}.npy")
    return wrong


def _loaded(folder: Path, name: str, manifest: Manifest) -> NDArray[np.uint8]:
    """Return one array, made sure of unless this process has done so since the file was written.

    Raises:
        DatasetError: it is not what was imported.
    """
    path, about = folder / f"{name}.npy", manifest.description
    try:
        with path.open("rb") as file:
            array: NDArray[np.uint8] = np.lib.format.read_array(file, allow_pickle=False)
        sound = array.dtype == np.uint8 and array.shape[0] == getattr(about, name.partition("_")[0])
        if not sound or not same(path, manifest.sums[name], lambda: array.data):
            raise ValueError(f"{path.name} has another content than was imported")
    except Exception as error:  # NumPy reads a damaged header as Python, and fails in as many ways
        raise damaged(folder, str(error)) from error
    return array


def load_arrays(dataset: Dataset, folder: Path, manifest: Manifest) -> Images:
    """Load the arrays of a folder as a spec presents them.

    Raises:
        DatasetError: one is not what was imported.
    """
    look = dataset.options.as_dict()
    arrays = {name: torch.from_numpy(_loaded(folder, name, manifest)) for name in PARTS}
    for split in SPLITS:
        arrays[f"{split}_images"] = shrunk(arrays[f"{split}_images"], look["size"])
    train_kind = CropFlip if look.get("augment") == "crop-flip" else Pixels
    train = train_kind(arrays["train_images"], look["mean"], look["std"])
    test = Pixels(arrays["test_images"], look["mean"], look["std"])
    labels = [arrays[f"{split}_labels"].long() for split in SPLITS]
    return Images(train, labels[0], test, labels[1], manifest.description.classes)


def shrunk(images: Tensor, size: int) -> Tensor:
    """Return images, uint8 [N, H, W, C], at a size that divides theirs: each pixel the mean of those that it covers.

    Raises:
        DatasetError: it does not divide theirs.
    """
    count, was, _, channels = images.shape
    if size == was:
        return images
    if was % size:
        raise DatasetError(f"images of {was}x{was} cannot be shown at {size}x{size}; valid are divisors of {was}")
    blocks = images.view(count, size, was // size, size, was // size, channels)
    return blocks.float().mean((2, 4)).round().byte()

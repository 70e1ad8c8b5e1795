"""Reading what people have: the official files of MNIST and CIFAR, and `.npz` files."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torchvision.datasets import CIFAR10
from torchvision.datasets.mnist import read_image_file, read_label_file

from prunebench.common.errors import DatasetError
from prunebench.common.terminal import track
from prunebench.datasets.arrays import Arrays
from prunebench.datasets.description import SPLITS

IDX = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
"""MNIST's files, unpacked (LeCun et al. 1998)."""


def read_mnist(source: Path) -> Arrays:
    """Read MNIST from a folder of its official files, which may be torchvision's, or from an `.npz` file.

    Raises:
        DatasetError: a file is missing or is no such file.
    """
    if source.is_file():
        return read_npz(source)
    raw = source / "MNIST" / "raw"
    folder = raw if raw.is_dir() else source
    return {name: _read_idx(folder / file, name.endswith("images")) for name, file in IDX.items()}


def _read_idx(path: Path, images: bool) -> NDArray[np.uint8]:
    if not path.is_file():
        packed = f"; unpack {path.name}.gz with gunzip" if path.with_name(f"{path.name}.gz").is_file() else ""
        raise DatasetError(f"{path} is missing{packed}")
    try:
        read = read_image_file if images else read_label_file
        array: NDArray[np.uint8] = read(str(path)).numpy().astype(np.uint8)
    except (OSError, ValueError, KeyError, TypeError, AssertionError, RuntimeError) as error:
        raise DatasetError(f"{path} is truncated or no idx file ({error or type(error).__name__})") from error
    return array


def read_cifar(source: Path, kind: type[CIFAR10]) -> Arrays:
    """Read CIFAR from the folder that its official archive unpacks to, or from the folder that holds that one.

    Args:
        source: the folder.
        kind: torchvision's class, which has the names and the MD5 sums of the official files.

    Raises:
        DatasetError: a file is missing, or is not the official one.
    """
    root = source.parent if source.name == kind.base_folder else source
    files = [*kind.train_list, *kind.test_list, [kind.meta["filename"], kind.meta["md5"]]]
    for name, wanted in files:
        path = root / kind.base_folder / name
        if not path.is_file():
            raise DatasetError(f"{path} is missing; {source} should be what {kind.filename} unpacks to")
        found = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        if found != wanted:
            raise DatasetError(f"{path} has MD5 {found}, the official file has {wanted}: truncated, or another file")
    splits = {split: kind(root, train=split == "train") for split in SPLITS}
    return {f"{split}_images": part.data for split, part in splits.items()} | {
        f"{split}_labels": np.array(part.targets) for split, part in splits.items()
    }


def read_npz(source: Path) -> Arrays:
    """Read `<split>_images` and `<split>_labels` of the splits train and test from an `.npz` file.

    In place of images there may be JPEG files, all end to end as `<split>_jpeg`, file i from `<split>_offsets[i]` on.

    Raises:
        DatasetError: it is no `.npz` file, is truncated, or an image does not decode.
    """
    try:
        with open(source, "rb") as file, np.load(file, allow_pickle=False) as packed:
            arrays = {name: packed[name] for name in packed.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise DatasetError(f"{source} is missing, truncated or no .npz file ({error})") from error
    for split in SPLITS:
        files, offsets = (arrays.pop(f"{split}_{what}", None) for what in ("jpeg", "offsets"))
        if files is not None and offsets is not None:
            arrays[f"{split}_images"] = _decoded(files.tobytes(), offsets.tolist(), f"{split} of {source}")
    return arrays


def _decoded(files: bytes, offsets: list[int], where: str) -> NDArray[np.uint8]:
    images = []
    for i in track(range(len(offsets) - 1), f"decoding {where}"):
        try:
            with Image.open(io.BytesIO(files[offsets[i] : offsets[i + 1]])) as image:
                images.append(np.asarray(image.convert("RGB")))
        except OSError as error:
            raise DatasetError(f"image {i} of {where} does not decode ({error}); nothing was imported") from error
    return np.stack(images)

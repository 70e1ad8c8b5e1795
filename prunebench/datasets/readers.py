"""Reading what people have: torchvision's folders of CIFAR, SVHN and STL-10, and `.npz` files."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torchvision.datasets import CIFAR10, CIFAR100, STL10, SVHN

from prunebench.common.errors import DatasetError
from prunebench.common.terminal import track
from prunebench.datasets.conversion import Given
from prunebench.datasets.description import SPLITS


def read_cifar(source: Path, kind: type[CIFAR10]) -> Given:
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


def reader_of(source: Path) -> Callable[[Path], Given] | None:
    """Return what reads a folder that torchvision has filled, None if it is no such folder."""
    for kind in (CIFAR10, CIFAR100):
        if source.name == kind.base_folder or (source / kind.base_folder).is_dir():
            return partial(read_cifar, kind=kind)
    if (source / "train_32x32.mat").is_file():
        return partial(_read_downloaded, kind=SVHN)
    return partial(_read_downloaded, kind=STL10) if (source / STL10.base_folder).is_dir() else None


def _read_downloaded(source: Path, kind: type[SVHN | STL10]) -> Given:
    """Read a folder by torchvision's own class, which compares the files with their official sums."""
    try:
        splits = {split: kind(source, split=split) for split in SPLITS}
    except RuntimeError as error:
        raise DatasetError(f"{source} is not what torchvision's {kind.__name__} downloads: {error}") from error
    return {f"{split}_images": part.data for split, part in splits.items()} | {
        f"{split}_labels": part.labels for split, part in splits.items()
    }


def read_npz(source: Path) -> Given:
    """Read `<split>_images` and `<split>_labels` of the splits train and test from an `.npz` file.

    In place of images there may be JPEG files, all end to end as `<split>_jpeg`, file i from `<split>_offsets[i]` on.

    Raises:
        DatasetError: it is no `.npz` file, is truncated, or an image does not decode.
    """
    try:
        with open(source, "rb") as file, np.load(file, allow_pickle=False) as packed:
            arrays = {name: packed[name] for name in packed.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise DatasetError(f"{source} is missing, truncated or no .npz file of plain arrays ({error})") from error
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

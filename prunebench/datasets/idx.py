"""MNIST's file format, idx, as MNIST itself and its successors come: packed or not, in whatever folder."""

from __future__ import annotations

import gzip
import math
import re
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prunebench.common.errors import DatasetError
from prunebench.datasets.conversion import Given

NAME = re.compile(r"(?P<of>.*?)-?(?P<split>train|t10k|test)-(?P<what>images|labels)[-.]idx[13]-ubyte(\.gz)?")
"""Names of the official files (LeCun et al. 1998), those of EMNIST and KMNIST, and Kaggle's with a dot."""

SPLITS = {"train": "train", "t10k": "test", "test": "test"}

ABOVE = ("", "*/", "*/*/")
"""How deep files may lie: torchvision has them at NAME/raw/."""


def find(source: Path) -> dict[str, Path]:
    """Return the four files of a folder by the names of `arrays.PARTS`; none if it has no idx files.

    Raises:
        DatasetError: one is missing, or the folder holds several datasets.
    """
    groups: defaultdict[tuple[Path, str], dict[str, Path]] = defaultdict(dict)
    for path in sorted((p for above in ABOVE for p in source.glob(f"{above}*idx[13]-ubyte*")), reverse=True):
        named = NAME.fullmatch(path.name)
        if named and path.is_file():  # the plain file comes after the packed one, and takes its place
            folder = path.parent.parent if NAME.fullmatch(path.parent.name) else path.parent  # as Kaggle unpacks
            groups[folder, named["of"]][f"{SPLITS[named['split']]}_{named['what']}"] = path
    whole = [files for files in groups.values() if len(files) == 4]
    if len(whole) > 1:
        several = ", ".join(sorted(str(files["train_images"].relative_to(source)) for files in whole))
        raise DatasetError(f"{source} holds several datasets: {several}; give a folder with the files of one")
    for (folder, of), files in groups.items():
        if not whole:
            missing = next(p for s in ("train", "test") for p in (f"{s}_images", f"{s}_labels") if p not in files)
            split, what = missing.split("_")
            official = f"{of}{'-' * bool(of)}{'t10k' if split == 'test' else split}-{what}-idx"
            raise DatasetError(f"{folder / official}{3 if what == 'images' else 1}-ubyte is missing, packed or not")
    return whole[0] if whole else {}


def read(source: Path) -> Given:
    """Read the four files of a folder.

    Raises:
        DatasetError: as `find`, there are none, or one is damaged.
    """
    files = find(source)
    if not files:
        raise DatasetError(f"{source} has no file {NAME.pattern}; wanted are the four files of MNIST's format")
    return {name: _read(path, 3 if name.endswith("images") else 1) for name, path in files.items()}


def _read(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read one file: two zeros, 8 for bytes, the number of dimensions, each in four bytes, and the bytes."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if content[:4] != bytes([0, 0, 8, dimensions]):
            raise ValueError(f"it begins with {content[:4].hex(' ')}")
        shape = tuple(np.frombuffer(content, ">u4", dimensions, 4).tolist())
        start = 4 + 4 * dimensions
        if len(content) - start != math.prod(shape):
            raise ValueError(f"it has {len(content) - start} bytes for the shape {shape}")
        return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path} is truncated or no idx file ({error})") from error

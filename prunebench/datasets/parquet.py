"""Image sets as Hugging Face has them: parquet files of encoded images and labels, a split each."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from prunebench.common.errors import DatasetError
from prunebench.common.terminal import counted, track
from prunebench.datasets.colours import PLAIN, Kind, kind_of, rgb, scale
from prunebench.datasets.splits import TESTS, TRAIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABELS = ("label", "labels", "fine_label", "target", "class")
"""Columns that may hold the labels; the first that is there does."""

SMALL = 96
"""Pixels on a side up to which square images of one size are kept as arrays."""

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif", "PPM": ".ppm", "MPO": ".jpg"}
"""Of the files that larger images become, by Pillow's names of their formats."""

ABOVE = ("", "*/", "*/*/")


@dataclass
class Split:
    """The encoded images of one split and their labels."""

    images: list[bytes] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)


def files(source: Path) -> dict[str, list[Path]]:
    """Return the parquet files of a folder by split; none if it has none.

    Raises:
        DatasetError: there are files, but not of both splits.
    """
    found: dict[str, list[Path]] = {}
    for path in sorted(p for above in ABOVE for p in source.glob(f"{above}*.parquet") if not p.name.startswith(".")):
        name = next(
            (n for n in (*TRAIN, *TESTS) if n in (path.name.split("-")[0].lower(), path.stem, path.parent.name)), ""
        )
        found.setdefault(name, []).append(path)
    if not found:
        return {}
    test = next((name for name in ("test", *TESTS) if name in found), None)
    train = next((name for name in TRAIN if name in found), None)
    if test is None or train is None:
        raise DatasetError(
            f"{source} has the parquet files {', '.join(p.name for ps in found.values() for p in ps[:2])}; wanted are "
            "train-*.parquet and test-*.parquet or validation-*.parquet, or folders of those names"
        )
    return {"train": found[train], "test": found[test]}


def read(source: Path) -> dict[str, Split]:
    """Read both splits.

    Raises:
        DatasetError: a file is no parquet file, or has no column of images or of labels; `pyarrow` is missing.
    """
    return {split: _split(paths) for split, paths in files(source).items()}


def _split(paths: list[Path]) -> Split:
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise DatasetError("parquet files need pyarrow: pip install pyarrow, and run the same command again") from error
    found = Split()
    for path in paths:
        try:
            table = pq.read_table(path)
            image, label = _columns(table, path)
            found.labels += table.column(label).to_pylist()
            found.images += [_encoded(entry, path) for entry in table.column(image).to_pylist()]
        except (OSError, ValueError, KeyError) as error:
            raise DatasetError(f"{path} cannot be read as a parquet file of images ({error})") from error
    return found


def _columns(table: Any, path: Path) -> tuple[str, str]:
    import pyarrow.types as kinds

    def holds_images(kind: Any) -> bool:
        struct = kinds.is_struct(kind) and any(kind.field(i).name == "bytes" for i in range(kind.num_fields))
        return bool(struct or kinds.is_binary(kind) or kinds.is_large_binary(kind))

    columns = {f.name: f.type for f in table.schema}
    images = [name for name, kind in columns.items() if holds_images(kind)]
    whole = [name for name, kind in columns.items() if kinds.is_integer(kind)]
    label = next((name for name in LABELS if name in whole), whole[0] if len(whole) == 1 else None)
    if len(images) != 1 or label is None:
        raise DatasetError(
            f"{path} has the columns {', '.join(f'{n}: {k}' for n, k in columns.items())}; wanted are one of images "
            "(with their bytes) and one of integers called label"
        )
    return images[0], label


def _encoded(entry: Any, path: Path) -> bytes:
    content = entry.get("bytes") if isinstance(entry, dict) else entry
    if not isinstance(content, bytes):
        raise ValueError("an image is a path without bytes; save the set with its images embedded")
    return content


def as_arrays(splits: dict[str, Split], source: Path) -> tuple[dict[str, NDArray[Any]], list[str]] | None:
    """Return the four arrays and what was converted, None where the images are not small squares of one size.

    Raises:
        DatasetError: an image does not decode, or shows nothing known.
    """
    sizes, kinds = set[tuple[int, int]](), dict[str, Kind]()
    for number, split, image in _opened(splits, source):
        sizes.add(image.size)
        if len(sizes) > 1 or image.width != image.height or image.width > SMALL:
            return None
        kinds[f"image {number} of {split} of {source}"] = kind_of(image)
    try:
        white = scale(kinds)
    except ValueError as error:
        raise DatasetError(f"{error}; nothing was imported") from error
    grey = all(kind.conversions in ((PLAIN["L"],), (PLAIN["1"],)) for kind in kinds.values())
    pixels: dict[str, list[NDArray[np.uint8]]] = {split: [] for split in splits}
    for _, split, image in _opened(splits, source):
        pixels[split].append(np.asarray(image.convert("L") if grey else rgb(image, white)))
    counts = Counter(white.words(name) for kind in kinds.values() for name in kind.conversions)
    said = [] if grey else [f"{counted(n, 'image')} converted to RGB: {name}" for name, n in counts.items()]
    found = {f"{split}_images": np.stack(images) for split, images in pixels.items()}
    return found | {f"{split}_labels": np.array(part.labels) for split, part in splits.items()}, said


def _opened(splits: dict[str, Split], source: Path) -> Iterator[tuple[int, str, Image.Image]]:
    for split, part in splits.items():
        for number, content in enumerate(track(part.images, f"decoding {split}")):
            try:
                with Image.open(io.BytesIO(content)) as image:
                    yield number, split, image
            except (OSError, ValueError, SyntaxError) as error:
                raise DatasetError(f"image {number} of {split} of {source}: {error}; nothing was imported") from error


def unpack(splits: dict[str, Split], source: Path, folder: Path) -> None:
    """Write the encoded images as files at `train/LABEL/` and `test/LABEL/` of a folder, untouched.

    Raises:
        DatasetError: an image does not open.
    """
    width = len(str(max(map(len, (part.images for part in splits.values())))))
    for number, split, image in _opened(splits, source):
        label = splits[split].labels[number]
        if label is None or label < 0:
            raise DatasetError(f"image {number} of {split} of {source} has the label {label}, which is no class")
        place = folder / split / f"{label:05}" / f"{number:0{width}}{SUFFIXES.get(image.format or '', '.png')}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(splits[split].images[number])

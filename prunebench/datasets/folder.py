"""Importing a folder of photos: its files are listed and checked; they are decoded when they are first needed."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from prunebench.common.errors import DatasetError
from prunebench.common.terminal import counted, track
from prunebench.datasets import splits
from prunebench.datasets.arrays import largest
from prunebench.datasets.catalogue import CATALOGUE, IMAGENET
from prunebench.datasets.colours import ORIENTATION, SIDEWAYS, TURNED, Kind, Scale, kind_of, scale, write_scale
from prunebench.datasets.description import SPLITS, Description, differences
from prunebench.datasets.manifest import Manifest, digest_of, sums_of

HELD_OUT = 5
"""One photo in so many of each class is tested on, where a folder has no split."""


@dataclass(frozen=True)
class _Checked:
    """What is kept of one file: its path, the label, its checksum, height and width of its photo, and what it needs."""

    path: Path
    label: int
    sha256: str
    size: tuple[int, int]
    kind: Kind


def save_folder(source: Path, wanted: Description, folder: Path) -> Manifest:
    """List the photos that `splits.find` finds, checked.

    Per split there are `<split>_files.txt` (checksums and paths below the source, as sha256sum writes them),
    `<split>_labels.npy` (uint16 [N]) and `<split>_sizes.npy` (height and width in pixels as they are seen, int32
    [N, 2]); and where photos of a user's show something else than Pillow's own conversion would, `conversions.txt`,
    which is part of the digest then. Those of the catalogue are shown as PyTorch's ImageNet example shows them.

    Raises:
        DatasetError: there are no classes, a class has no photos, a file is no whole photo, or the photos are not as
            many as wanted.
    """
    found, own = splits.find(source), wanted.name not in CATALOGUE
    checked = {"train": _check_all(found.train, "checking train", own)}
    if found.test is None:
        checked["train"], checked["test"] = _held_out(checked["train"], found.classes)
        found.notes.append(
            f"there is no split: {counted(len(checked['test']), 'photo')}, one in {HELD_OUT} of each class, chosen by "
            "their checksums, are held out for the test"
        )
    else:
        checked["test"] = _check_all(found.test, "checking test", own)
    sums = {f"{split}_files": _write_lists(folder, split, checked[split], source) for split in SPLITS}
    everything = [photo for split in SPLITS for photo in checked[split]]
    white = _scale(everything)
    if any(photo.kind.differs for photo in everything):
        sums["conversions"] = write_scale(folder, white)
    described = replace(
        wanted,
        digest=digest_of(sums),
        channels=3,
        classes=len(found.classes),
        train=len(checked["train"]),
        test=len(checked["test"]),
        size=wanted.size or IMAGENET.size,
        mean=IMAGENET.mean,
        std=IMAGENET.std,
        augment=IMAGENET.augment,
        largest=largest(np.load(folder / "test_labels.npy")),
    )
    for problem in differences(described, wanted, ("classes", "train", "test")):
        raise DatasetError(f"{source}: {problem}; nothing was imported")
    sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    notes = (*found.notes, *_said(everything, white))
    return Manifest(described, sums, sizes, str(source.resolve()), notes=notes, files=sums_of(folder, sizes))


def _write_lists(folder: Path, split: str, photos: Sequence[_Checked], source: Path) -> str:
    """Write the lists of one split, and return the checksum of its files'."""
    lines = [f"{photo.sha256}  {photo.path.relative_to(source).as_posix()}\n" for photo in photos]
    text = "".join(lines).encode()
    (folder / f"{split}_files.txt").write_bytes(text)
    np.save(folder / f"{split}_labels.npy", np.array([photo.label for photo in photos], dtype=np.uint16))
    np.save(folder / f"{split}_sizes.npy", np.array([photo.size for photo in photos], dtype=np.int32))
    return hashlib.sha256(text).hexdigest()


def _held_out(photos: list[_Checked], classes: list[str]) -> tuple[list[_Checked], list[_Checked]]:
    """Hold photos of each class out; equal files never end on both sides."""
    train, test = list[_Checked](), list[_Checked]()
    for label, group in groupby(photos, lambda photo: photo.label):
        ordered = sorted(group, key=lambda photo: (photo.sha256, photo.path))
        count = -(-len(ordered) // HELD_OUT)
        while count < len(ordered) and ordered[count].sha256 == ordered[count - 1].sha256:
            count += 1
        if count == len(ordered):
            raise DatasetError(f"class {classes[label]} has no two different photos: none is left to train on")
        chosen = set(ordered[:count])
        train += [photo for photo in sorted(ordered, key=lambda p: p.path) if photo not in chosen]
        test += sorted(chosen, key=lambda p: p.path)
    return train, test


def _scale(photos: Sequence[_Checked]) -> Scale:
    try:
        return scale({str(photo.path): photo.kind for photo in photos})
    except ValueError as error:
        raise DatasetError(f"{error}; nothing was imported") from error


def _said(photos: Sequence[_Checked], white: Scale) -> list[str]:
    counts = Counter(name for photo in photos for name in photo.kind.conversions)
    return [f"{counted(n, 'photo')} converted to RGB: {white.words(name)}" for name, n in counts.items()]


def changed(folder: Path, manifest: Manifest, source: Path) -> list[str]:
    """Return the files, of the lists in a folder and of those listed, whose content is no longer what was imported.

    Args:
        folder: of the lists.
        manifest: of the import.
        source: the folder that the listed paths start from.
    """
    wrong = [name for name, wanted in manifest.files.items() if _sum_of(folder / name) != wanted]
    for name, wanted in manifest.sums.items():
        text = folder / f"{name}.txt"
        if _sum_of(text) != wanted:
            wrong += [text.name] if text.name not in wrong else []
        elif name.endswith("files"):
            listed = (line.partition("  ") for line in text.read_text(encoding="utf-8").splitlines())
            wrong += [
                path for sha256, _, path in track(list(listed), f"checking {name}") if _sum_of(source / path) != sha256
            ]
    return wrong


def _sum_of(path: Path) -> str:
    """Return the sha256 of a file, empty if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _check_all(photos: Sequence[tuple[Path, int]], what: str, own: bool) -> list[_Checked]:
    with ThreadPoolExecutor() as pool:
        return list(track(pool.map(lambda photo: _check(photo[0], photo[1], own), photos), what, len(photos)))


def _check(path: Path, label: int, own: bool) -> _Checked:
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content)) as image:
            kind = kind_of(image) if own else Kind()
            if image.format != "JPEG" or not content.endswith(b"\xff\xd9"):  # the mark at the end of a whole JPEG file
                image.load()
            size = (image.height, image.width)
            turned = TURNED in kind.conversions and image.getexif()[ORIENTATION] in SIDEWAYS
            return _Checked(path, label, hashlib.sha256(content).hexdigest(), size[::-1] if turned else size, kind)
    except ValueError as error:
        raise DatasetError(f"{path}: {error}; nothing was imported") from error
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        what = "it is no image that Pillow knows" if isinstance(error, UnidentifiedImageError) else error
        raise DatasetError(f"{path} does not decode ({what}); nothing was imported") from error

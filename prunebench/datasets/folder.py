"""Importing a folder of photos: its files are listed and checked; they are decoded when they are first needed."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image
from torchvision.datasets.folder import IMG_EXTENSIONS, find_classes, make_dataset

from prunebench.common.errors import DatasetError
from prunebench.common.terminal import track
from prunebench.datasets.catalogue import IMAGENET
from prunebench.datasets.description import Description, differences
from prunebench.datasets.manifest import Manifest, digest_of

TESTS = ("val", "test")
"""Folders that may hold the test images; the first that is there does."""


@dataclass(frozen=True)
class _Checked:
    """What is kept of one file: its checksum, and height and width of its photo."""

    sha256: str
    size: tuple[int, int]


def save_folder(source: Path, wanted: Description, folder: Path) -> Manifest:
    """List the photos at `train/CLASS/` and `val/CLASS/` (or `test/CLASS/`), as torchvision's ImageFolder finds them.

    Per split there are `<split>_files.txt` (checksums and paths below the source, as sha256sum writes them),
    `<split>_labels.npy` (uint16 [N]) and `<split>_sizes.npy` (height and width in pixels, int32 [N, 2]).

    Raises:
        DatasetError: there are no classes, a class has no photos, a file is no whole photo, or the photos are not as
            many as wanted.
    """
    tests = next((name for name in TESTS if (source / name).is_dir()), TESTS[0])
    classes, sums, counts = _classes(source / "train"), {}, {}
    for split, name in (("train", "train"), ("test", tests)):
        paths, labels = _photos(source / name, classes)
        checked = _check_all(paths, f"checking {name}")
        lines = [f"{c.sha256}  {p.relative_to(source).as_posix()}\n" for c, p in zip(checked, paths, strict=True)]
        text = "".join(lines).encode()
        (folder / f"{split}_files.txt").write_bytes(text)
        np.save(folder / f"{split}_labels.npy", np.array(labels, dtype=np.uint16))
        np.save(folder / f"{split}_sizes.npy", np.array([c.size for c in checked], dtype=np.int32))
        sums[f"{split}_files"] = hashlib.sha256(text).hexdigest()
        counts[split] = len(paths)
    found = replace(
        wanted,
        digest=digest_of(sums),
        channels=3,
        classes=len(classes),
        train=counts["train"],
        test=counts["test"],
        size=wanted.size or IMAGENET.size,
        mean=IMAGENET.mean,
        std=IMAGENET.std,
        augment=IMAGENET.augment,
    )
    for problem in differences(found, wanted, ("classes", "train", "test")):
        raise DatasetError(f"{source}: {problem}; nothing was imported")
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    return Manifest(found, sums, sizes, str(source.resolve()))


def changed(folder: Path, manifest: Manifest, source: Path) -> list[str]:
    """Return the files, of the lists in a folder and of those listed, whose content is no longer what was imported.

    Args:
        folder: of the lists.
        manifest: of the import.
        source: the folder that the listed paths start from.
    """
    wrong = []
    for name, wanted in manifest.sums.items():
        text = (folder / f"{name}.txt").read_bytes()
        if hashlib.sha256(text).hexdigest() != wanted:
            wrong.append(f"{name}.txt")
            continue
        for line in track(text.decode().splitlines(), f"checking {name}"):
            sha256, _, path = line.partition("  ")
            file = source / path
            if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
                wrong.append(path)
    return wrong


def _classes(folder: Path) -> dict[str, int]:
    try:
        return dict(find_classes(folder)[1])
    except FileNotFoundError as error:
        raise DatasetError(
            f"{folder} has no folders of classes; wanted are photos at train/CLASS/ and val/CLASS/ or test/CLASS/"
        ) from error


def _photos(folder: Path, classes: dict[str, int]) -> tuple[list[Path], list[int]]:
    """Return the photos of a split and their labels, in the order of classes and names."""
    unknown = sorted(_classes(folder).keys() - classes)
    if unknown:
        raise DatasetError(f"{folder} has classes that train lacks: {', '.join(unknown[:5])}")
    try:
        found = make_dataset(folder, classes, IMG_EXTENSIONS)
    except FileNotFoundError as error:
        raise DatasetError(f"{folder}: {str(error).splitlines()[0]}") from error
    return [Path(path) for path, _ in found], [label for _, label in found]


def _check_all(paths: list[Path], what: str) -> list[_Checked]:
    with ThreadPoolExecutor() as pool:
        return list(track(pool.map(_check, paths), what, len(paths)))


def _check(path: Path) -> _Checked:
    content = path.read_bytes()
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.format != "JPEG" or not content.endswith(b"\xff\xd9"):  # the mark at the end of a whole JPEG file
                image.load()
            return _Checked(hashlib.sha256(content).hexdigest(), (image.height, image.width))
    except OSError as error:
        raise DatasetError(f"{path} does not decode ({error}); nothing was imported") from error

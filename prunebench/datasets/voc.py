"""Detection datasets in VOC layout: `Annotations/*.xml`, `ImageSets/Main/<split>.txt` and `JPEGImages/*.jpg`.

PASCAL VOC 2007 itself comes in this layout (its folder `VOCdevkit/VOC2007`), and so does BCCD.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import pil_to_tensor

from prunebench.common.errors import DatasetError
from prunebench.common.terminal import track
from prunebench.datasets.annotated import Annotated, Scene, Target
from prunebench.datasets.description import Description, differences
from prunebench.datasets.integrity import Listed
from prunebench.datasets.manifest import Manifest, digest_of

VOC07 = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
"""The classes of PASCAL VOC 2007 (Everingham et al. 2010)."""

BCCD = ("Platelets", "RBC", "WBC")
"""The classes of BCCD: platelets, red and white blood cells."""

CLASSES = {"voc07": VOC07, "bccd": BCCD}
"""By the names of their datasets in the registry."""

LAYOUT = ("Annotations", "ImageSets/Main", "JPEGImages")
"""Folders of a dataset."""

SPLITS = ("trainval", "test")
"""What is trained and tested on, as in the paper (p.17)."""

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's channels, as torchvision's classifiers and detectors have them."""


def load_voc(folder: Path, classes: Sequence[str] = (), manifest: Manifest | None = None) -> Annotated:
    """Return the images of a folder, each read when it is asked for; every annotation is read and checked at once.

    Args:
        folder: the one that has `Annotations`, `ImageSets` and `JPEGImages`, or one with that in it.
        classes: names of the classes; those of the training images, sorted, if none are given.
        manifest: of an import, whose files must be what they were.

    Raises:
        DatasetError: a file is missing, no annotation or no longer what was imported, an object has an unknown label or
            a box outside its image.
    """
    root = root_of(folder)
    known, (train, test) = _read(_listed(root, manifest) if manifest else Listed(root), classes)
    return Annotated(train, test, known, MEAN, STD, mirrored=True)


def _listed(root: Path, manifest: Manifest) -> Listed:
    """Return the files of an import with the checksums of its list."""
    text = Listed(root, {"files.txt": manifest.sums["files"]}).read(root / "files.txt").decode()
    return Listed(root, {path: sha256 for sha256, _, path in (line.partition("  ") for line in text.splitlines())})


def check_voc(folder: Path, classes: Sequence[str] = ()) -> str:
    """Check a folder as `load_voc` does, decode every image, and list what the splits name, as sha256sum does.

    Raises:
        DatasetError: as `load_voc`, or an image does not decode or has another size than its annotation says.
    """
    root = root_of(folder)
    paths = [_split(root, split) for split in SPLITS]
    for split, images in zip(SPLITS, _read(Listed(root), classes)[1], strict=True):
        for i, (name, _) in enumerate(track(images.targets, f"checking {split}")):
            _check_size(root, name, images[i][0])
            paths += [_annotation(root, name), _image(root, name)]
    listed = {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    return "".join(f"{sha256}  {path}\n" for path, sha256 in listed.items())


def save_voc(source: Path, wanted: Description, folder: Path) -> Manifest:
    """Check a dataset and copy what its splits name, beside `files.txt`, the list that `check_voc` returns.

    Raises:
        DatasetError: as `check_voc`, or there are not as many images or classes as wanted.
    """
    if wanted.size or wanted.augment:
        raise DatasetError("size and augmentation are of images to classify; leave them out for images with boxes")
    root, classes = root_of(source), CLASSES.get(wanted.name, ())
    listing = check_voc(root, classes)
    made, sums = load_voc(root, classes), {"files": hashlib.sha256(listing.encode()).hexdigest()}
    counts: dict[str, Any] = {"classes": len(made.classes), "train": len(made.train), "test": len(made.test)}
    found = replace(wanted, digest=digest_of(sums), channels=3, detection=True, **counts)
    for problem in differences(found, wanted, counts):
        raise DatasetError(f"{source}: {problem}; nothing was imported")
    paths = [line.split("  ", 1)[1] for line in listing.splitlines()]
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, folder / path)
    (folder / "files.txt").write_text(listing)
    sizes = {path: (folder / path).stat().st_size for path in ("files.txt", *paths)}
    return Manifest(found, sums, sizes, source.name)


@dataclass(frozen=True)
class VocImages:
    """The images of one split, decoded when they are asked for.

    Attributes:
        files: of the dataset.
        targets: names of the images, without suffix, and their objects.
    """

    files: Listed
    targets: list[tuple[str, Target]]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.targets)

    def __getitem__(self, index: int, /) -> Scene:
        """Return one of them.

        Raises:
            DatasetError: it does not decode, or is no longer what was imported.
        """
        name, target = self.targets[index]
        path = _image(self.files.root, name)
        try:
            return pil_to_tensor(Image.open(io.BytesIO(self.files.read(path))).convert("RGB")), target
        except OSError as error:
            raise DatasetError(f"{path} does not decode as an image: {error}; get the file anew") from error


def root_of(folder: Path) -> Path:
    """Return the folder of a dataset: `folder` itself, or the only one below it that has the layout.

    Raises:
        DatasetError: there is none, or more than one.
    """
    places = [folder, *sorted(path.parent for path in folder.glob("**/ImageSets"))]
    found = {place for place in places if all((place / part).is_dir() for part in LAYOUT)}
    if len(found) != 1:
        many = f"has {len(found)} datasets" if found else "is no dataset"
        raise DatasetError(f"{folder} {many} in VOC layout; give the one folder with {', '.join(LAYOUT)} in it")
    return found.pop()


def _read(files: Listed, classes: Sequence[str]) -> tuple[tuple[str, ...], list[VocImages]]:
    """Return the classes and the images of each split."""
    names = {split: _names(files, split) for split in SPLITS}
    objects = {name: _objects(files, name) for split in SPLITS for name in names[split]}
    known = tuple(classes or sorted({o.label for name in names["trainval"] for o in objects[name]}))
    if not known:
        raise DatasetError(f"{files.root}: no image of the split trainval has an object")
    targets = {name: _target(name, found, known) for name, found in objects.items()}
    return known, [VocImages(files, [(name, targets[name]) for name in names[split]]) for split in SPLITS]


@dataclass(frozen=True)
class _Object:
    label: str
    box: tuple[float, float, float, float]
    difficult: bool


def _names(files: Listed, split: str) -> list[str]:
    root = files.root
    names = files.read(_split(root, split)).decode(errors="replace").split()
    if not names:
        raise DatasetError(f"{root}: the split {split} names no images")
    if elsewhere := [name for name in names if Path(name).name != name]:
        raise DatasetError(f"{root}: the split {split} names {elsewhere[0]!r}; valid are names of files in JPEGImages")
    return names


def _split(root: Path, split: str) -> Path:
    return _existing(root / "ImageSets" / "Main" / f"{split}.txt")


def _objects(files: Listed, name: str) -> list[_Object]:
    """Read the objects of an image; boxes go from pixel to pixel, from 1 on, and are returned from edge to edge."""
    path = _annotation(files.root, name)
    try:
        tree = ET.fromstring(files.read(path))
        width, height = _size(tree)
        found = [_object(element) for element in tree.iter("object")]
    except (ET.ParseError, ValueError) as error:
        raise DatasetError(f"{path} is no annotation of PASCAL VOC: {error}") from error
    for o in found:
        x1, y1, x2, y2 = o.box
        if not (0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height):
            raise DatasetError(
                f"{path}: {o.label} has the box {x1 + 1:g}, {y1 + 1:g}, {x2:g}, {y2:g}; valid ones lie from pixel 1, 1 "
                f"to {width:g}, {height:g} of the image and are not empty"
            )
    return found


def _size(tree: ET.Element) -> tuple[int, int]:
    return int(_text(tree, "size/width")), int(_text(tree, "size/height"))


def _object(element: ET.Element) -> _Object:
    left, top, right, bottom = (float(_text(element, f"bndbox/{e}")) for e in ("xmin", "ymin", "xmax", "ymax"))
    return _Object(_text(element, "name"), (left - 1, top - 1, right, bottom), element.findtext("difficult") == "1")


def _text(element: ET.Element, path: str) -> str:
    text = element.findtext(path)
    if not text:
        raise ValueError(f"<{element.tag}> has no {path}")
    return text


def _target(name: str, objects: Sequence[_Object], classes: Sequence[str]) -> Target:
    for o in objects:
        if o.label not in classes:
            raise DatasetError(f"{name}.xml has the label {o.label!r}; valid are {', '.join(classes)}")
    return {
        "boxes": torch.tensor([o.box for o in objects]).reshape(-1, 4),
        "labels": torch.tensor([classes.index(o.label) + 1 for o in objects], dtype=torch.long),
        "difficult": torch.tensor([o.difficult for o in objects], dtype=torch.bool),
    }


def _check_size(root: Path, name: str, image: Tensor) -> None:
    wanted, found = _size(ET.parse(_annotation(root, name)).getroot()), (image.shape[2], image.shape[1])
    if found != wanted:
        raise DatasetError(f"{_image(root, name)} has the size {found}, its annotation says {wanted}")


def _annotation(root: Path, name: str) -> Path:
    return _existing(root / "Annotations" / f"{name}.xml")


def _image(root: Path, name: str) -> Path:
    return _existing(root / "JPEGImages" / f"{name}.jpg")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise DatasetError(f"{path} is missing; the dataset is not complete, get it anew")
    return path

"""Which photos of a folder are trained and tested on, and of which classes; what systems leave behind is no photo."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from torchvision.datasets.folder import IMG_EXTENSIONS

from prunebench.common.errors import DatasetError
from prunebench.common.terminal import counted

TRAIN = ("train", "training")
TESTS = ("val", "test", "valid", "validation", "testing")
"""Folders that may hold the training and the test images, in any case; the first that is there does."""

LEFT_BEHIND = ("__MACOSX", "@eaDir", "Thumbs.db", "desktop.ini", "lost+found")
"""What archivers, file servers and Windows put beside photos; names with a dot in front are left out as well."""

WANTED = (
    "wanted are photos at train/CLASS/ and val/CLASS/ or test/CLASS/, or at CLASS/ to hold a fifth out for the test"
)


@dataclass
class Found:
    """The photos of a folder.

    Attributes:
        classes: names, in the order of their labels.
        train: photos with their labels, in the order of classes and names.
        test: likewise; None where they are to be held out of the others.
        notes: what was left out.
    """

    classes: list[str]
    train: list[tuple[Path, int]]
    test: list[tuple[Path, int]] | None
    notes: list[str] = field(default_factory=list)


def find(source: Path) -> Found:
    """Find the photos of a folder, as torchvision's ImageFolder would in one without what is left out here.

    Raises:
        DatasetError: there are no classes, or a class has no photos or is in one split alone; names the folder.
    """
    root = _root(source)
    train, tests = _named(root, TRAIN), [_named(root, (name,)) for name in TESTS]
    test = next((folder for folder in tests if folder is not None), None)
    if train is None and test is not None:
        raise DatasetError(f"{root} has {test.name}/ and no train/; {WANTED}")
    if train is None:
        return _of_folder(root)
    if test is None:
        raise DatasetError(
            f"{root} has {train.name}/, but neither val/ nor test/; {WANTED}: give {train} itself for the latter"
        )
    found, other = _of_folder(train), _of_folder(test)
    for one, classes, lacking in ((train, other.classes, found.classes), (test, found.classes, other.classes)):
        if missing := [name for name in classes if name not in lacking]:
            raise DatasetError(
                f"{one / missing[0]} has no photos; each class needs some in {train.name}/ and {test.name}/"
            )
    labels = {name: i for i, name in enumerate(found.classes)}
    found.test = [(path, labels[other.classes[label]]) for path, label in other.train]
    unused = [folder.name for folder in tests if folder is not None and folder is not test]
    found.notes += [*other.notes, *(f"{name}/ is left out: {test.name}/ is what is tested on" for name in unused)]
    return found


def _root(source: Path) -> Path:
    """Return the folder that has the photos: the given one, or the only one in it, as archives unpack."""
    while True:
        inside = [path for path in sorted(source.iterdir()) if not junk(path)]
        folders = [path for path in inside if path.is_dir()]
        alone = len(folders) == 1 and not any(_is_photo(path) for path in inside)
        if not alone or folders[0].name.lower() in TRAIN + TESTS or not any(p.is_dir() for p in folders[0].iterdir()):
            return source
        source = folders[0]


def _named(root: Path, names: tuple[str, ...]) -> Path | None:
    there = {path.name.lower(): path for path in root.iterdir() if path.is_dir()}
    return next((there[name] for name in names if name in there), None)


def _classes(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not junk(path))


def _of_folder(folder: Path) -> Found:
    names = _classes(folder)
    if not names:
        raise DatasetError(f"{folder} has no folders of classes; {WANTED}")
    others: Counter[str] = Counter()
    photos = {name: list(_photos(folder / name, others)) for name in names}
    empty = [name for name in names if not photos[name]]
    full = [name for name in names if photos[name]]
    if not full:
        raise DatasetError(f"{folder} has folders, but no photos in them; photos end in {', '.join(IMG_EXTENSIONS)}")
    notes = [f"{folder / name} has no photos and is no class" for name in empty]
    notes += [f"{folder}: {counted(n, 'file')} {end or 'without a suffix'} left out" for end, n in others.items()]
    return Found(full, [(path, label) for label, name in enumerate(full) for path in photos[name]], None, notes)


def _photos(folder: Path, others: Counter[str]) -> Iterator[Path]:
    """Yield the photos below a folder in torchvision's order, and count other files by their suffix."""
    for root, _, files in sorted(os.walk(folder, followlinks=True)):
        if any(junk(Path(part)) for part in Path(root).relative_to(folder).parts):
            continue
        for name in sorted(files):
            path = Path(root, name)
            if _is_photo(path):
                yield path
            elif not junk(path):
                others[path.suffix.lower()] += 1


def _is_photo(path: Path) -> bool:
    return path.name.lower().endswith(IMG_EXTENSIONS) and not junk(path) and not path.is_dir()


def junk(path: Path) -> bool:
    """Return whether a file or folder is one that systems leave behind."""
    return path.name.startswith(".") or path.name in LEFT_BEHIND

"""Arrays as people have them, made bytes and labels from 0 on; what was converted is said, once for all of a kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunebench.datasets.description import SPLITS

ALIASES = {
    f"{split}_{what}": [f"{letter}_{split}" for letter in letters]
    for split in SPLITS
    for what, letters in (("images", "xX"), ("labels", "yY"))
}
"""What Keras and scikit-learn call the four arrays."""

DEPTHS = (8, 10, 12, 14, 16)
"""Bits per pixel that cameras and scanners give; the fewest that hold a set's largest value are its scale."""

Given = Mapping[str, NDArray[Any]]
"""Images and labels of each split by the names of `arrays.PARTS`, of any type and layout."""


def converted(given: Given, classes: int) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Return images as bytes [N, H, W, C] and labels as integers [N], with a sentence on each conversion.

    What has another meaning than one of those known here stays as it is, for the checks to refuse.

    Args:
        given: the arrays.
        classes: of a known dataset, whose labels are what they are; 0 to number those of a user's set from 0 on.

    Raises:
        KeyError: an array is missing.
        ValueError: a value is none of an image, or a label none of a class.
    """
    named = {name: _named(given, name) for name in ALIASES}
    images, said = _images({split: named[f"{split}_images"] for split in SPLITS})
    labels, more = _labels({split: named[f"{split}_labels"] for split in SPLITS}, bool(classes))
    found = {f"{split}_images": images[split] for split in SPLITS}
    return found | {f"{split}_labels": labels[split] for split in SPLITS}, [*said, *more]


def _named(given: Given, name: str) -> NDArray[Any]:
    found = next((alias for alias in (name, *ALIASES[name]) if alias in given), name)
    return np.asarray(given[found])


def scale_of(largest: int) -> int:
    """Return the value of white where the largest of a whole set's integers is this.

    Raises:
        ValueError: it needs more than 16 bits.
    """
    for bits in DEPTHS:
        if largest < 1 << bits:
            return (1 << bits) - 1
    raise ValueError(f"a pixel has the value {largest}; wanted are integers of at most 16 bits")


def unit_of(largest: float) -> float:
    """Return the value of white where the largest of a whole set's floats is this: 1 or 255.

    Raises:
        ValueError: it is above both.
    """
    if largest > 255:
        raise ValueError(f"a pixel has the value {largest:g}; wanted are floats from 0 to 1 or from 0 to 255")
    return 1.0 if largest <= 1 else 255.0


def on_black(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pictures [..., colours and alpha] of bytes laid on black: what nobody sees must not matter."""
    colours, alpha = image[..., :-1].astype(np.uint16), image[..., -1:].astype(np.uint16)
    return ((colours * alpha + 127) // 255).astype(np.uint8)


def _images(given: dict[str, NDArray[Any]]) -> tuple[dict[str, NDArray[Any]], list[str]]:
    said: dict[str, int] = {}

    def note(split: str, what: str) -> None:
        said[what] = said.get(what, 0) + len(given[split])

    found = dict(given)
    for split, images in given.items():
        if images.ndim == 4 and images.shape[1] in (1, 3, 4) and images.shape[3] not in (1, 3, 4):
            found[split] = np.moveaxis(images, 1, 3)
            note(split, "came as [N, C, H, W]")
    for split, what in _to_bytes(found):
        note(split, what)
    for split, images in found.items():
        if images.ndim == 4 and images.shape[3] == 4 and images.dtype == np.uint8:
            found[split] = on_black(images)
            note(split, "had alpha and were laid on black")
    return found, [f"{count:,} images {what}" for what, count in said.items()]


def _to_bytes(found: dict[str, NDArray[Any]]) -> list[tuple[str, str]]:
    """Make images bytes, in place, on one scale for both splits; return what was done to which split."""
    done = []
    for kinds, scale in (("biu", _integer_scale), ("f", _float_scale)):
        wide = {s: a for s, a in found.items() if a.dtype.kind in kinds and a.dtype != np.uint8 and a.size}
        if not wide:
            continue
        white, what = scale(wide)
        for split, images in wide.items():
            found[split] = images.astype(np.uint8) if white == 255 and kinds == "biu" else _scaled(images, white)
            done.append((split, what))
    return done


def _integer_scale(wide: Mapping[str, NDArray[Any]]) -> tuple[float, str]:
    kinds = ", ".join(sorted({str(a.dtype) for a in wide.values()}))
    if all(a.dtype == bool for a in wide.values()):
        return 1, "were bool: False is black, True is white"
    low, high = min(int(a.min()) for a in wide.values()), max(int(a.max()) for a in wide.values())
    _check_not_below(low)
    white = scale_of(high)
    return white, f"were {kinds} with values up to {high}, taken as 0 to {white} and scaled to bytes"


def _float_scale(wide: Mapping[str, NDArray[Any]]) -> tuple[float, str]:
    if not all(np.isfinite(a).all() for a in wide.values()):
        raise ValueError("a pixel is not a finite number; mend the images first")
    low, high = min(float(a.min()) for a in wide.values()), max(float(a.max()) for a in wide.values())
    _check_not_below(low)
    white = unit_of(high)
    return white, f"were floats up to {high:g}, taken as 0 to {white:g} and scaled to bytes"


def _check_not_below(low: float) -> None:
    if low < 0:
        raise ValueError(
            f"a pixel has the value {low:g}, so the images are normalised already or signed; give them as they were "
            "before: bytes, or from 0 to 1"
        )


def _scaled(images: NDArray[Any], white: float) -> NDArray[np.uint8]:
    return np.stack([np.rint(image * (255.0 / white)).astype(np.uint8) for image in images])


def _labels(given: dict[str, NDArray[Any]], known: bool) -> tuple[dict[str, NDArray[Any]], list[str]]:
    said, found = [], {}
    for split, labels in given.items():
        found[split], what = _plain(labels, f"{split}_labels")
        said += [f"{len(labels):,} {split} labels {what}"] if what else []
    return (found, said) if known else _numbered(found, said)


def _plain(labels: NDArray[Any], name: str) -> tuple[NDArray[Any], str]:
    """Return labels as [N], of integers where they are whole numbers, and what was done."""
    what = ""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels, what = labels[:, 0], "came as [N, 1]"
    elif labels.ndim == 2 and _one_hot(labels):
        labels, what = labels.argmax(1), "came as one-hot rows"
    elif labels.ndim == 2:
        raise ValueError(f"{name} has shape {labels.shape}: several labels per image; wanted is one, [N]")
    if labels.dtype == bool:
        return labels.astype(np.int64), "were bool"
    if labels.dtype.kind == "f" and np.isfinite(labels).all() and (labels == np.rint(labels)).all():
        return labels.astype(np.int64), "were floats"
    return labels, what


def _one_hot(labels: NDArray[Any]) -> bool:
    return labels.dtype.kind in "biuf" and bool(((labels == 0) | (labels == 1)).all() and (labels.sum(1) == 1).all())


def _numbered(found: dict[str, NDArray[Any]], said: list[str]) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Number the classes of a user's set from 0 on, in the order of their labels."""
    train = found["train"]
    if train.ndim != 1 or train.dtype.kind not in "iuUS" or not len(train):
        return found, said
    values = np.unique(train)
    if train.dtype.kind in "iu" and values[0] < 0 and values.tolist() != [-1, 1]:
        raise ValueError(f"train_labels has the label {values[0]}; a negative one is no class: leave such images out")
    if len(values) < 2:
        raise ValueError(f"all training images have the label {values[0]}; wanted are two classes at least")
    for label in np.unique(found["test"]):
        if label not in values:
            raise ValueError(f"a label of test_labels is {label}, which no training image has")
    if train.dtype.kind in "iu" and (values == np.arange(len(values))).all():
        return found, said
    shown = ", ".join(map(str, values[:3])) + (f", ... {values[-1]}" if len(values) > 3 else "")
    count = sum(map(len, found.values()))
    said.append(f"{count:,} labels, {len(values)} classes called {shown}, were numbered from 0 to {len(values) - 1}")
    return {split: np.searchsorted(values, labels) for split, labels in found.items()}, said

"""Images with boxes around their objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from torch import Tensor

Target: TypeAlias = dict[str, Tensor]
"""The objects of one image: `boxes`, float [n, 4] of x1, y1, x2, y2 in pixels; `labels`, long [n], from 1 on, 0 for the
background; `difficult`, bool [n], those that do not count in the test (PASCAL VOC)."""

Scene: TypeAlias = tuple[Tensor, Target]
"""An image, uint8 [C, H, W], and its objects."""


class Scenes(Protocol):
    """The images of one split: a list, or images that are read when they are asked for."""

    def __len__(self) -> int:
        """Return how many there are."""

    def __getitem__(self, index: int, /) -> Scene:
        """Return one of them."""


@dataclass(frozen=True)
class Annotated:
    """A detection dataset.

    Attributes:
        train: training images with their objects.
        test: test images with theirs.
        classes: kinds of objects, without the background; label i is `classes[i - 1]`.
        mean: of each channel, on the scale from 0 to 1, as the classifiers' images had it.
        std: of each channel.
        mirrored: whether half of the training images are turned left to right, drawn anew in each epoch.
    """

    train: Scenes
    test: Scenes
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    mirrored: bool

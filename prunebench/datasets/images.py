"""Images of one dataset on the device, and the batches of an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from prunebench.common.randomness import rng
from prunebench.datasets.cache import Cache, sent
from prunebench.datasets.pixels import Pixels


@dataclass(frozen=True)
class Images:
    """A dataset on the device. Images can be indexed by a slice or by indices: `images.train[chosen]` is a batch.

    Attributes:
        train: training images, normalised floats [N, C, H, W], or bytes that become such by batches.
        train_labels: long [N].
        test: test images, likewise.
        test_labels: long [M].
        classes: number of classes.
    """

    train: Tensor | Pixels
    train_labels: Tensor
    test: Tensor | Pixels
    test_labels: Tensor
    classes: int

    def to(self, device: str) -> Images:
        """Return the same images on another device."""
        names = ("train", "train_labels", "test", "test_labels")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})

    def tell(self, say: Callable[[str], None]) -> None:
        """Let `say` know now and then how far photos are that must be decoded first."""
        for part in (self.train, self.test):
            if isinstance(part, Pixels) and isinstance(part.stored, Cache):
                part.stored.say = say

    @property
    def example(self) -> Tensor:
        """One blank image [1, C, H, W], for tracing and counting."""
        return torch.zeros_like(self.train[:1])


def batches(
    images: Tensor | Pixels, labels: Tensor, size: int, seed: int, epoch: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of one epoch of training, in an order that depends on seed and epoch alone.

    Where the dataset says so the images are varied, by the random axis `augment` of seed and epoch.
    A last batch of a single image is left out: batch normalisation has no variance for it.
    """
    order = torch.randperm(len(images), generator=rng(seed, "order", epoch)).to(images.device)
    view = images.varied(rng(seed, "augment", epoch)) if isinstance(images, Pixels) else images.__getitem__
    for chosen in torch.split(order, size):
        if len(chosen) > 1:
            yield view(chosen), labels[sent(chosen, labels.device)]


def in_order(images: Tensor | Pixels, labels: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield all images in their order, as a network is tested on them, in batches of `size`."""
    for first in range(0, len(images), size):
        yield images[first : first + size], labels[first : first + size]

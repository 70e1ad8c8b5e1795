"""Images of one dataset as tensors on the device, and the batches of an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from prunebench.randomness import rng


@dataclass(frozen=True)
class Images:
    """A dataset, normalised and on the device.

    Attributes:
        train: training images, float [N, C, H, W].
        train_labels: long [N].
        test: test images, float [M, C, H, W].
        test_labels: long [M].
        classes: number of classes.
    """

    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor
    classes: int

    def to(self, device: str) -> Images:
        """Return the same images on another device."""
        train, train_labels = self.train.to(device), self.train_labels.to(device)
        return Images(train, train_labels, self.test.to(device), self.test_labels.to(device), self.classes)

    @property
    def example(self) -> Tensor:
        """One blank image [1, C, H, W], for tracing and counting."""
        return torch.zeros_like(self.train[:1])


def batches(images: Tensor, labels: Tensor, size: int, seed: int, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of one epoch, in an order that depends on seed and epoch alone.

    A last batch of a single image is left out: batch normalisation has no variance for it.
    """
    order = torch.randperm(len(images), generator=rng(seed, "order", epoch)).to(images.device)
    for chosen in torch.split(order, size):
        if len(chosen) > 1:
            yield images[chosen], labels[chosen]

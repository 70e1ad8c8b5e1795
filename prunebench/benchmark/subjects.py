"""What `prunebench bench` measures: the smoke networks on digits, and full-width ones on images of CIFAR's size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import nn

from prunebench import networks
from prunebench.common.errors import UnknownNameError
from prunebench.common.machine import cores
from prunebench.common.randomness import rng
from prunebench.datasets import available
from prunebench.datasets.images import Images
from prunebench.datasets.pixels import CropFlip
from prunebench.protocol.recipes import PAPER_CIFAR
from prunebench.protocol.tiers import SMOKE
from prunebench.specs import experiment
from prunebench.specs.architectures import CIFAR
from prunebench.specs.experiment import Recipe

FULL = {"CIFAR VGG-16": CIFAR["l1"]["VGG-16"], "CIFAR ResNet-56": CIFAR["l1"]["ResNet-56"]}
DEFAULT = ("VGG-19", "VGG-11", "PreResNet-164", "DenseNet-40", *FULL)

STEPS = {"cpu": 2, "cuda": 200}
"""Steps of one pass over images of CIFAR's size: a full-width VGG takes seconds for each on two cores, and a GPU must
take many, since it records each epoch's first."""


@dataclass(frozen=True, eq=False)
class Subject:
    """One network to be measured.

    Attributes:
        name: of the network.
        dataset: for people.
        network: freshly drawn.
        recipe: how it is trained.
        images: as our loop reads them.
        scans: the training images as a user would hold them, bytes [N, H, W, C].
        augmented: whether training crops and mirrors them.
        mean: of each channel, on the scale from 0 to 1.
        std: of each channel.
        threads: of the CPU, on both sides.
        rounds: how often both sides are timed.
    """

    name: str
    dataset: str
    network: nn.Module
    recipe: Recipe
    images: Images
    scans: NDArray[np.uint8]
    augmented: bool
    mean: Sequence[float]
    std: Sequence[float]
    threads: int
    rounds: int


def subjects(names: Sequence[str] = DEFAULT, device: str = "cpu") -> list[Subject]:
    """Return what is to be measured.

    Args:
        names: of networks of the smoke tier, or `CIFAR VGG-16` and `CIFAR ResNet-56` at full width.
        device: `cpu` or `cuda`, that they are measured on.

    Raises:
        UnknownNameError: there is no such network to measure.
    """
    known = {**SMOKE.networks, **FULL}
    for name in names:
        if name not in known:
            raise UnknownNameError("network", name, known)
    return [full(name, STEPS[device]) if name in FULL else smoke(name) for name in names]


def smoke(name: str) -> Subject:
    """Return a network of the smoke tier on digits, with one thread as that tier has it."""
    images = available.load(available.describe("digits").spec())
    bunch = load_digits()
    scans = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[np.arange(len(bunch.images)) % 3 != 2, :, :, None]
    moments = [float(scans.mean() / 255)], [float(scans.std() / 255)]
    network, recipe = _drawn(SMOKE.network(name), images), SMOKE.recipes_for(name).dense
    return Subject(name, "digits", network, recipe, images, scans, False, *moments, 1, 7)


def full(name: str, steps: int) -> Subject:
    """Return a network of the paper's Table 1 at full width, on random images of CIFAR's size, with all cores."""
    recipe = replace(PAPER_CIFAR["l1"].dense, lr=0.01)  # noise has no labels to learn: a low rate keeps it finite
    count, like = steps * recipe.batch_size, available.describe("cifar10")
    pixels = torch.randint(256, (count, 32, 32, 3), generator=rng(0, "pixels"), dtype=torch.uint8)
    labels = torch.randint(10, (count,), generator=rng(0, "labels"))
    stored = CropFlip(pixels, like.mean, like.std)
    images = Images(stored, labels, stored, labels, classes=10)
    network, what = _drawn(FULL[name], images), "random 32x32x3"
    return Subject(name, what, network, recipe, images, pixels.numpy(), True, like.mean, like.std, cores(), 3)


def _drawn(network: experiment.Network, images: Images) -> nn.Module:
    built = networks.build(network, images.example.shape[1], images.classes)
    networks.initialise(built, rng(0, "init"))
    return built

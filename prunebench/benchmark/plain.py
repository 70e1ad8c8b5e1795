"""The textbook loop: DataLoader, torchvision's transforms image by image, and a loss fetched at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from prunebench.benchmark.subjects import Subject
from prunebench.benchmark.timing import seconds
from prunebench.common.machine import cores
from prunebench.specs.experiment import Recipe


class Scans(Dataset[tuple[Tensor, int]]):
    """Training images as torchvision's own datasets hold them: arrays that become images one by one."""

    def __init__(self, subject: Subject) -> None:
        self.scans, self.labels = subject.scans, subject.images.train_labels.tolist()
        varied = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()] if subject.augmented else []
        read = [transforms.ToTensor(), transforms.Normalize(list(subject.mean), list(subject.std))]
        self.transform = transforms.Compose([*varied, *read])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        scan = self.scans[i]
        return self.transform(Image.fromarray(scan if scan.shape[-1] == 3 else scan[..., 0])), self.labels[i]


def fastest(network: nn.Module, subject: Subject, place: str) -> tuple[int, Callable[[], None]]:
    """Return one pass of the plain loop over the images, with the loader's workers that are fastest, and these.

    0, 1 and 2 are tried, on a single core 0 alone: more would only take turns with the loop.

    Args:
        network: on the device; it is trained.
        subject: gives images, batch size and optimiser.
        place: the device.
    """
    passes = {}
    for workers in (0, 1, 2) if cores() > 1 else (0,):
        passes[workers] = plain(deepcopy(network), subject, place, workers)
        passes[workers]()
    chosen = min(passes, key=lambda workers: seconds(passes[workers]))
    return chosen, passes[chosen]


@contextmanager
def as_it_comes() -> Iterator[None]:
    """Compute as PyTorch does where nothing is set: convolutions of a GPU in TF32, kernels without a search."""
    cudnn: Any = torch.backends.cudnn
    before = cudnn.conv.fp32_precision, cudnn.benchmark
    cudnn.conv.fp32_precision, cudnn.benchmark = "tf32", False
    try:
        yield
    finally:
        cudnn.conv.fp32_precision, cudnn.benchmark = before


def plain(network: nn.Module, subject: Subject, place: str, workers: int = 0) -> Callable[[], None]:
    """Return one pass of the textbook loop over a subject's images."""
    size = subject.recipe.batch_size
    loader = DataLoader(Scans(subject), size, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
    optimiser = _sgd(network, subject.recipe)

    def epoch() -> None:
        network.train()
        total, correct = 0.0, 0
        for images, labels in loader:
            some, wanted = images.to(place), labels.to(place)
            optimiser.zero_grad()
            scores = network(some)
            loss = F.cross_entropy(scores, wanted)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += loss.item() * len(some)
            correct += (scores.argmax(1) == wanted).sum().item()

    return epoch


def _sgd(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    return torch.optim.SGD(network.parameters(), recipe.lr, recipe.momentum, weight_decay=recipe.weight_decay)

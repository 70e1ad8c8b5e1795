"""`digit-scenes`: scikit-learn's digits placed on canvases, with their boxes; embedded, the same on every machine."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from prunebench.common.errors import DatasetError
from prunebench.common.randomness import rng
from prunebench.datasets.annotated import Annotated, Scene
from prunebench.datasets.digits import scanned
from prunebench.specs.experiment import Dataset

SCAN, CELL, CELLS = 8, 16, 3
"""Pixels of a scan and of a cell, and cells along a canvas; a cell holds one scan at most, so that none overlap."""

FILLED = 0.6
"""Share of the cells that hold a digit."""

TRAIN, TEST = 192, 64


def load_scenes(dataset: Dataset) -> Annotated:
    """Draw the scenes: training scenes show the classifiers' training scans (`digits`), test scenes their test scans.

    Raises:
        DatasetError: they are not those of the spec's digest, since scikit-learn or PyTorch has changed.
    """
    scans, labels = (torch.from_numpy(part) for part in scanned())
    labels = labels.long()
    held_out = torch.arange(len(scans)) % 3 == 2
    train = [_scene(scans[~held_out], labels[~held_out], "train", i) for i in range(TRAIN)]
    test = [_scene(scans[held_out], labels[held_out], "test", i) for i in range(TEST)]
    if (found := digest_of([*train, *test])) != dataset.digest:
        raise DatasetError(
            f"the digit scenes drawn here have sha256 {found}, wanted {dataset.digest}: install other versions of "
            "scikit-learn and PyTorch"
        )
    mean, std = _look(scans[~held_out])
    return Annotated(train, test, tuple("0123456789"), (mean,), (std,), mirrored=False)


def digest_of(scenes: list[Scene]) -> str:
    """Return the sha256 of images, boxes and labels."""
    digest = hashlib.sha256()
    for image, target in scenes:
        for tensor in (image, target["boxes"].to(torch.uint8), target["labels"].to(torch.uint8)):
            digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def _scene(scans: Tensor, labels: Tensor, split: str, number: int) -> Scene:
    """Draw one scene: which cells are filled, with which scans, and where these lie in their cells."""
    generator = rng(number, "digit-scenes", split)
    order = torch.randperm(CELLS**2, generator=generator)
    cells = order[: max(1, int((torch.rand(CELLS**2, generator=generator) < FILLED).sum()))]
    chosen = torch.randint(len(scans), (len(cells),), generator=generator)
    corners = torch.stack([cells % CELLS, cells // CELLS], 1) * CELL
    corners += torch.randint(CELL - SCAN + 1, (len(cells), 2), generator=generator)
    canvas = torch.zeros(1, CELLS * CELL, CELLS * CELL, dtype=torch.uint8)
    for (x, y), scan in zip(corners.tolist(), scans[chosen], strict=True):
        canvas[0, y : y + SCAN, x : x + SCAN] = scan
    boxes = torch.cat([corners, corners + SCAN], 1).float()
    difficult = torch.zeros(len(cells), dtype=torch.bool)
    return canvas, {"boxes": boxes, "labels": labels[chosen] + 1, "difficult": difficult}


def _look(scans: Tensor) -> tuple[float, float]:
    """Return mean and standard deviation of the scans, with which the classifiers saw them, on the scale 0 to 1."""
    pixels = scans.float() / 255
    return float(pixels.mean()), float(pixels.std())

"""scikit-learn's digits: 1,797 real scans, embedded in the library, so that they need no download."""

from __future__ import annotations

import hashlib

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits as load_scans

from prunebench.common.errors import DatasetError
from prunebench.datasets.catalogue import EMBEDDED
from prunebench.datasets.images import Images
from prunebench.specs.experiment import Dataset


def load_digits(dataset: Dataset) -> Images:
    """Load the digits, every third scan for the test, enlarged bilinearly and normalised by the training images.

    The scans come ordered by writer, so that each writer is in both splits.

    Raises:
        DatasetError: scikit-learn ships other digits than the spec's digest names.
    """
    bunch = load_scans()
    scans = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    labels = bunch.target.astype(np.uint8)
    found = hashlib.sha256(scans.tobytes() + labels.tobytes()).hexdigest()
    if found != dataset.digest:
        raise DatasetError(
            f"scikit-learn's digits have sha256 {found}, wanted {dataset.digest}: install another version"
        )
    size = dataset.options.as_dict()["size"]
    pixels = F.interpolate(torch.from_numpy(scans)[:, None].float(), size=(size, size), mode="bilinear")
    test, targets = torch.arange(len(pixels)) % 3 == 2, torch.from_numpy(labels).long()
    mean, std = pixels[~test].mean(), pixels[~test].std()
    pixels, held = (pixels - mean) / std, EMBEDDED[dataset.name]
    train, test = (part & (targets >= held[0]) & (targets <= held[-1]) for part in (~test, test))
    targets -= held[0]
    return Images(pixels[train], targets[train], pixels[test], targets[test], classes=len(held))

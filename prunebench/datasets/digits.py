"""scikit-learn's digits: 1,797 real scans, embedded in the library, so that they need no download."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from prunebench.common.errors import DatasetError
from prunebench.datasets.catalogue import EMBEDDED
from prunebench.datasets.images import Images
from prunebench.specs.experiment import Dataset


def scanned() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return scikit-learn's scans, bytes [1797, 8, 8], and the digits that they show.

    Only the file is read: to load the library takes longer than many a training here.

    Raises:
        DatasetError: it is not where the library has had it so far.
    """
    table = np.loadtxt(_file(), delimiter=",")  # a line a scan: 64 values up to 16, and the digit
    scans = np.rint(table[:, :-1].reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    return scans, table[:, -1].astype(np.uint8)


def _file() -> Path:
    found = find_spec("sklearn")
    folders = (found.submodule_search_locations if found else None) or [""]
    file = Path(folders[0]) / "datasets" / "data" / "digits.csv.gz"
    if not file.is_file():
        raise DatasetError(f"scikit-learn's digits are not at {file}: install another version")
    return file


def load_digits(dataset: Dataset) -> Images:
    """Load the digits, every third scan for the test, enlarged bilinearly and normalised by the training images.

    The scans come ordered by writer, so that each writer is in both splits.

    Raises:
        DatasetError: scikit-learn ships other digits than the spec's digest names.
    """
    scans, labels = scanned()
    found = hashlib.sha256(scans.tobytes() + labels.tobytes()).hexdigest()
    if found != dataset.digest:
        raise DatasetError(
            f"scikit-learn's digits have sha256 {found}, wanted {dataset.digest}: install another version"
        )
    size = dataset.options.as_dict()["size"]
    pixels = F.interpolate(torch.from_numpy(scans)[:, None].float(), size=(size, size), mode="bilinear")
    train, targets = torch.arange(len(pixels)) % 3 != 2, torch.from_numpy(labels).long()
    mean, std = pixels[train].mean(), pixels[train].std()
    pixels, held = (pixels - mean) / std, EMBEDDED[dataset.name]
    test = ~train
    if dataset.name == "digits-validation":
        test = train & (torch.cumsum(train, 0) % 5 == 0)
        train = train & ~test
    train, test = (part & (targets >= held[0]) & (targets <= held[-1]) for part in (train, test))
    targets -= held[0]
    return Images(pixels[train], targets[train], pixels[test], targets[test], classes=len(held))

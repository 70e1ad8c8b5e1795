"""Images and labels of a notebook as an `.npz` file, which the importer of datasets reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def saved(splits: Mapping[str, Any], path: Path) -> Path:
    """Write images and labels of the splits `train` and `test` to a file and return its path."""
    arrays: dict[str, Any] = {}
    for split, (images, labels) in splits.items():
        arrays[f"{split}_images"] = _channels_last(np.asarray(images))
        arrays[f"{split}_labels"] = np.asarray(labels)
    np.savez(path, **arrays)
    return path


def _channels_last(images: NDArray[Any]) -> NDArray[Any]:
    """Return images as [N, H, W, C]: PyTorch has the channels before height and width."""
    if images.ndim == 4 and images.shape[1] in (1, 3) and images.shape[3] not in (1, 3):
        images = images.transpose(0, 2, 3, 1)
    return images

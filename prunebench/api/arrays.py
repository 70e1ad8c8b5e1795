"""Images and labels of a notebook as an `.npz` file, which the importer of datasets reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def saved(splits: Mapping[str, Any], path: Path) -> Path:
    """Write images and labels of the splits `train` and `test` to a file and return its path."""
    arrays: dict[str, Any] = {}
    for split, (images, labels) in splits.items():
        arrays[f"{split}_images"], arrays[f"{split}_labels"] = np.asarray(images), np.asarray(labels)
    np.savez(path, **arrays)
    return path

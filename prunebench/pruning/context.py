"""What a pruning method is given beside the network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Context:
    """Data and randomness for a method.

    Attributes:
        example: images to trace the network with, shape [N, C, H, W].
        images: training images for calibration, normalised floats of shape [N, C, H, W].
        labels: their classes, shape [N].
        generator: the only source of randomness that a method may use.
    """

    example: Tensor
    images: Tensor
    labels: Tensor
    generator: torch.Generator

"""Images kept as bytes on the device; a batch of them becomes what a network sees, in a few tensor operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

View = Callable[[Tensor], Tensor]
"""Turns indices [B] on the images' device into a batch [B, C, H, W]."""

PADDING = 4
"""Zero pixels on each side before a random crop (protocols 1)."""


class Pixels:
    """Images that are only normalised: `pixels[indices]` is a batch of floats [B, C, H, W]."""

    def __init__(self, stored: Tensor, mean: Sequence[float], std: Sequence[float]) -> None:
        """Keep images as they are.

        Args:
            stored: bytes [N, H, W, C].
            mean: of each channel, on the scale from 0 to 1.
            std: of each channel.
        """
        self.stored, self.mean, self.std = stored, mean, std
        self._shift = 255 * torch.tensor(mean, device=stored.device)
        self._scale = 255 * torch.tensor(std, device=stored.device)

    def __len__(self) -> int:
        return len(self.stored)

    def __getitem__(self, chosen: Tensor | slice) -> Tensor:
        """Return a batch as a network is tested on it; in channels-last layout."""
        return self._normalised(self.stored[chosen])

    def to(self, device: str) -> Pixels:
        """Return the same images on another device."""
        return type(self)(self.stored.to(device), self.mean, self.std)

    def varied(self, generator: torch.Generator) -> View:
        """Return how a network sees the images in one epoch of training.

        Args:
            generator: of the epoch's random choices, on the CPU whatever the device, so that they are the same on all.
        """
        return self.__getitem__

    def _normalised(self, images: Tensor) -> Tensor:
        """Return bytes [B, H, W, C] as floats [B, C, H, W], as torchvision's ToTensor and Normalize do."""
        return images.float().sub_(self._shift).div_(self._scale).permute(0, 3, 1, 2)


class CropFlip(Pixels):
    """Images that training sees shifted by up to 4 pixels over black, and mirrored every other time (protocols 1)."""

    def varied(self, generator: torch.Generator) -> View:
        """Draw a shift and a side for every image, once for the epoch: no batch waits for the host."""
        count, height, width, _ = self.stored.shape
        device = self.stored.device
        down, right = torch.randint(2 * PADDING + 1, (2, count), generator=generator).to(device)
        mirrored = torch.randint(2, (count,), generator=generator).bool().to(device)
        rows, columns = torch.arange(height, device=device), torch.arange(width, device=device)

        def view(chosen: Tensor) -> Tensor:
            padded = F.pad(self.stored[chosen], (0, 0, PADDING, PADDING, PADDING, PADDING))
            y = rows + down[chosen, None]
            x = torch.where(mirrored[chosen, None], columns.flip(0), columns) + right[chosen, None]
            each = torch.arange(len(chosen), device=device)
            return self._normalised(padded[each[:, None, None], y[:, :, None], x[:, None]])

        return view

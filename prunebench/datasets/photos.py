"""Photos in a folder: decoded once, when they are first seen, to a file of bytes that is read by memory map after."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torchvision.transforms import functional as reference

from prunebench.datasets.cache import Cache, Photo, sent
from prunebench.datasets.description import SPLITS
from prunebench.datasets.images import Images
from prunebench.datasets.pixels import Pixels, View
from prunebench.specs.experiment import Dataset

MARGIN = 8 / 7
"""Side of a decoded photo over that of what a network sees: 256 for 224, as in PyTorch's ImageNet example."""

SCALE, RATIO, TRIES = (0.08, 1.0), (3 / 4, 4 / 3), 10
"""Of torchvision's RandomResizedCrop: share of the area, width over height, and how often it tries."""


class Photos(Pixels):
    """Photos that training sees through random crops of any size, as torchvision's RandomResizedCrop has them.

    They are stored squashed to squares, so that nothing of a photo is out of reach of a crop.
    """

    def __init__(self, stored: Cache, mean: Sequence[float], std: Sequence[float], sizes: Tensor, size: int) -> None:
        """Keep the cache of photos squashed to squares.

        Args:
            stored: of the photos.
            mean: of each channel, on the scale from 0 to 1.
            std: of each channel.
            sizes: height and width of the photos in their files, in pixels [N, 2].
            size: height and width at which a network sees them.
        """
        super().__init__(stored, mean, std)
        self.cache, self.sizes, self.size = stored, sizes.double(), size

    def __getitem__(self, chosen: Tensor | slice) -> Tensor:
        """Return the middle of photos, as they would be tested."""
        sizes = self.sizes[chosen]
        extent = sizes.amin(1, keepdim=True) / MARGIN / sizes
        return self._seen(chosen, (1 - extent) / 2, extent)

    @property
    def device(self) -> torch.device:
        """The CPU: photos are chosen there."""
        return torch.device("cpu")

    def to(self, device: str) -> Photos:
        """Return the same photos for batches on another device."""
        return Photos(self.cache.to(device), self.mean, self.std, self.sizes, self.size)

    def varied(self, generator: torch.Generator) -> View:
        """Draw a crop and a side for every photo, once for the epoch."""
        first, extent = crops(self.sizes, generator)
        mirrored = torch.randint(2, (len(self),), generator=generator).bool()
        first[:, 1] = torch.where(mirrored, first[:, 1] + extent[:, 1], first[:, 1])
        extent[:, 1] = torch.where(mirrored, -extent[:, 1], extent[:, 1])
        return lambda chosen: self._seen(chosen, first[chosen], extent[chosen])

    def _seen(self, chosen: Tensor | slice, first: Tensor, extent: Tensor) -> Tensor:
        """Return rectangles of photos: `first` and `extent` [B, 2] in y and x, as shares; a negative extent mirrors."""
        stored = self.stored[chosen].permute(0, 3, 1, 2).float().contiguous()
        steps = (torch.arange(self.size) + 0.5) / self.size
        at = 2 * (first[:, None] + extent[:, None] * steps[:, None]) - 1  # [B, size, 2]
        y, x = sent(at.float(), stored.device).unbind(2)
        square = (len(stored), self.size, self.size)
        grid = torch.stack([x[:, None].expand(square), y[:, :, None].expand(square)], 3)
        seen = F.grid_sample(stored, grid, padding_mode="border", align_corners=False)
        return self._normalised(seen.permute(0, 2, 3, 1))


def crops(sizes: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw a crop of every photo as torchvision's RandomResizedCrop does.

    Args:
        sizes: height and width in pixels, [N, 2].
        generator: of the random choices.

    Returns:
        its upper left corner and its extent in y and x, as shares of the photo, [N, 2] each.
    """
    count = len(sizes)
    area = sizes.prod(1)[:, None] * torch.empty(count, TRIES).uniform_(*SCALE, generator=generator)
    low, high = np.log(RATIO)
    ratio = torch.empty(count, TRIES).uniform_(low, high, generator=generator).double().exp()
    extents = torch.stack([(area / ratio).sqrt().round(), (area * ratio).sqrt().round()], 2)
    fits = ((extents > 0) & (extents <= sizes[:, None])).all(2)
    chosen = extents[torch.arange(count), fits.int().argmax(1)]
    widest = torch.minimum(sizes, sizes.flip(1) * torch.tensor([1 / RATIO[0], RATIO[1]])).round()
    any_fits = fits.any(1, keepdim=True)
    extent = torch.where(any_fits, chosen, widest)
    room = sizes - extent
    first = torch.rand(count, 2, generator=generator) * (room + 1)
    return torch.where(any_fits, first, room / 2).floor() / sizes, extent / sizes


def load_photos(dataset: Dataset, folder: Path, source: Path, classes: int, cache: Path) -> Images:
    """Return the photos of an imported folder as a spec presents them.

    Args:
        dataset: part of the spec.
        folder: of the lists that the import made.
        source: folder of the photos.
        classes: number of classes.
        cache: folder of decoded photos.
    """
    look = dataset.options.as_dict()
    size, mean, std = look["size"], look["mean"], look["std"]
    side = round(MARGIN * size)
    files = [_listed(folder / f"{split}_files.txt", source) for split in SPLITS]
    labels = [torch.from_numpy(np.load(folder / f"{split}_labels.npy")).long() for split in SPLITS]
    squashed = Cache(cache / f"train-{side}.bytes", files[0], side, partial(_squashed, side=side))
    centred = Cache(cache / f"test-{size}.bytes", files[1], size, partial(_centred, side=side, size=size))
    sizes = torch.from_numpy(np.load(folder / "train_sizes.npy"))
    train, test = Photos(squashed, mean, std, sizes, size), Pixels(centred, mean, std)
    return Images(train, labels[0], test, labels[1], classes)


def _listed(path: Path, source: Path) -> list[Photo]:
    pairs = (line.split("  ", 1) for line in path.read_text().splitlines())
    return [(sha256, source / name) for sha256, name in pairs]


def _squashed(image: Image.Image, side: int) -> Image.Image:
    image.draft("RGB", (side, side))  # a JPEG file of twice the size or more is decoded at a fraction of the work
    return image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)


def _centred(image: Image.Image, side: int, size: int) -> Image.Image:
    """Return the middle of a photo as PyTorch's ImageNet example tests it."""
    found: Image.Image = reference.center_crop(reference.resize(image.convert("RGB"), side), [size, size])
    return found

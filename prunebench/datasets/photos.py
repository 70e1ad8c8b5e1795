"""Photos in a folder: decoded once, when they are first seen, to a file of bytes that is read by memory map after."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torchvision.transforms import functional as reference

from prunebench.datasets.cache import Cache, Photo, sent
from prunebench.datasets.catalogue import CATALOGUE
from prunebench.datasets.colours import FILE, kind_of, read_scale, rgb
from prunebench.datasets.description import SPLITS
from prunebench.datasets.images import Images
from prunebench.datasets.integrity import Listed
from prunebench.datasets.manifest import Manifest, damaged
from prunebench.datasets.pixels import Pixels, View
from prunebench.specs.experiment import Dataset

MARGIN = 8 / 7
"""Side of a decoded photo over that of what a network sees: 256 for 224, as in PyTorch's ImageNet example."""

SCALE, RATIO, TRIES = (0.08, 1.0), (3 / 4, 4 / 3), 10
"""Of torchvision's RandomResizedCrop: share of the area, width over height, and how often it tries."""


Show = Callable[[Image.Image], Image.Image]
"""Makes an opened photo an RGB image."""


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


def load_photos(dataset: Dataset, folder: Path, manifest: Manifest, cache: Path) -> Images:
    """Return the photos of an imported folder as a spec presents them.

    Args:
        dataset: part of the spec.
        folder: of the lists that the import made.
        manifest: of the import.
        cache: folder of decoded photos.

    Raises:
        DatasetError: a list is not what was imported.
    """
    look = dataset.options.as_dict()
    size, mean, std = look["size"], look["mean"], look["std"]
    side, classes = round(MARGIN * size), manifest.description.classes
    files = [_listed(folder, split, manifest) for split in SPLITS]
    labels = [_labels(folder, split, manifest, found) for split, found in zip(SPLITS, files, strict=True)]
    show = _shown(dataset.name, folder, manifest)
    squashed = Cache(cache / f"train-{side}.bytes", files[0], side, partial(_squashed, side=side, show=show))
    centred = Cache(cache / f"test-{size}.bytes", files[1], size, partial(_centred, side=side, size=size, show=show))
    sizes = torch.from_numpy(_array(folder, "train_sizes.npy", manifest))
    train, test = Photos(squashed, mean, std, sizes, size), Pixels(centred, mean, std)
    return Images(train, labels[0], test, labels[1], classes)


def _listed(folder: Path, split: str, manifest: Manifest) -> list[Photo]:
    name = f"{split}_files"
    text = Listed(folder, {f"{name}.txt": manifest.sums[name]}).read(folder / f"{name}.txt").decode()
    pairs = (line.split("  ", 1) for line in text.splitlines())
    return [(sha256, folder / manifest.source / name) for sha256, name in pairs]


def _labels(folder: Path, split: str, manifest: Manifest, files: list[Photo]) -> Tensor:
    """Return the labels of a split; where the import noted no checksum of them, they must follow from the paths."""
    labels, name = _array(folder, f"{split}_labels.npy", manifest), f"{split}_labels.npy"
    if name not in manifest.files:
        classes = [path.relative_to(folder / manifest.source).parts[1] for _, path in files]
        known = {name: i for i, name in enumerate(sorted(set(classes)))}
        if labels.tolist() != [known[name] for name in classes]:
            raise damaged(folder, f"{name} has another content than was imported")
    return torch.from_numpy(labels.astype(np.int64))


def _array(folder: Path, name: str, manifest: Manifest) -> NDArray[np.generic]:
    content = Listed(folder, manifest.files).read(folder / name)
    try:
        array: NDArray[np.generic] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except Exception as error:  # NumPy reads a damaged header as Python, and fails in as many ways
        raise damaged(folder, f"{name}: {error}") from error
    return array


def _shown(name: str, folder: Path, manifest: Manifest) -> Show:
    """Return what shows an opened photo: those of the catalogue as PyTorch's ImageNet example does."""
    if name in CATALOGUE:
        return lambda image: image.convert("RGB")
    if "conversions" not in manifest.sums:
        return _unconverted
    Listed(folder, {FILE: manifest.sums["conversions"]}).read(folder / FILE)
    return partial(rgb, white=read_scale(folder))


def _unconverted(image: Image.Image) -> Image.Image:
    if kind_of(image).differs:
        raise OSError("an earlier version imported it and showed it otherwise; import the folder anew, by another name")
    return image.convert("RGB")


def _squashed(image: Image.Image, side: int, show: Show) -> Image.Image:
    image.draft("RGB", (side, side))  # a JPEG file of twice the size or more is decoded at a fraction of the work
    return show(image).resize((side, side), Image.Resampling.BILINEAR)


def _centred(image: Image.Image, side: int, size: int, show: Show) -> Image.Image:
    """Return the middle of a photo as PyTorch's ImageNet example tests it."""
    found: Image.Image = reference.center_crop(reference.resize(show(image), side), [size, size])
    return found

"""A file of decoded photos, filled as they are asked for."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from prunebench.common.errors import DatasetError

Decode = Callable[[Image.Image], Image.Image]

Photo = tuple[str, Path]
"""The sha256 of a file and its path."""

CRC = 4
"""Bytes of what a decoded photo sums to."""


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a tensor on a device. A copy to a GPU starts from pinned memory, so that the host need not wait for it."""
    return tensor if tensor.is_cuda or device.type == "cpu" else tensor.pin_memory().to(device, non_blocking=True)


class Cache:
    """Photos as bytes [N, side, side, 3] in a file, of which those are decoded that were asked for before.

    Several processes may share one; a killed one leaves whole photos only. It looks like a tensor to `Pixels`.
    """

    def __init__(self, path: Path, photos: Sequence[Photo], side: int, decode: Decode, device: str = "cpu") -> None:
        """Open a cache, or make one with nothing in it.

        Args:
            path: of the file; which photos are in it stands beside it, in a file of one byte each, and what they sum
                to in another; one that is found to have changed is decoded anew.
            photos: to be decoded.
            side: height and width in pixels of a decoded photo.
            decode: makes an opened photo an RGB image of that size.
            device: that batches go to.

        Raises:
            DatasetError: the file cannot be written.
        """
        self.shape, self.device = (len(photos), side, side, 3), torch.device(device)
        self.say: Callable[[str], None] = lambda text: None
        self._path, self._photos, self._decode = path, photos, decode
        self._said = 0.0
        self._same = np.zeros(len(photos), dtype=bool)
        try:
            self._pixels = _mapped(path, self.shape)
            self._done = _mapped(path.with_suffix(".done"), self.shape[:1])
            self._sums = _mapped(path.with_suffix(".crc32"), (len(photos), CRC)).view(np.uint32)[:, 0]
        except OSError as error:
            raise self._unwritable(error) from error

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, chosen: Tensor | slice) -> Tensor:
        """Return photos as bytes [B, side, side, 3] on the device, decoded now where they are new.

        Raises:
            DatasetError: a photo does not decode or is no longer what was imported, or cannot be written.
        """
        indices = np.arange(*chosen.indices(len(self))) if isinstance(chosen, slice) else chosen.numpy()
        missing = indices[(self._done[indices] == 0) | ~self._unchanged(indices)]
        if len(missing):
            self._tell()
            self._fill(missing)
        return sent(torch.from_numpy(self._pixels[indices]), self.device)

    def to(self, device: str) -> Cache:
        """Return the same cache for batches on another device; the photos stay where they are."""
        return Cache(self._path, self._photos, self.shape[1], self._decode, device)

    def _unchanged(self, indices: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which photos are as they were decoded; each is looked at once per process."""
        for i in indices[(self._done[indices] == 1) & ~self._same[indices]]:
            self._same[i] = zlib.crc32(self._pixels[i].data) == self._sums[i]
        found: NDArray[np.bool_] = self._same[indices]
        return found

    def _tell(self) -> None:
        if time.monotonic() > self._said + 1:
            self._said = time.monotonic()
            self.say(f"{self._path.stem}: {np.count_nonzero(self._done):,} of {len(self):,} photos decoded")

    def _fill(self, missing: NDArray[np.int64]) -> None:
        try:
            with (
                open(self._path, "r+b", buffering=0) as pixels,
                open(self._path.with_suffix(".done"), "r+b", buffering=0) as done,
                open(self._path.with_suffix(".crc32"), "r+b", buffering=0) as sums,
                ThreadPoolExecutor(torch.get_num_threads()) as pool,
            ):
                for i, image in zip(missing, pool.map(self._decoded, missing), strict=True):
                    os.pwrite(pixels.fileno(), image, int(i) * len(image))  # a full disk is an error here, not a crash
                    os.pwrite(sums.fileno(), zlib.crc32(image).to_bytes(CRC, sys.byteorder), int(i) * CRC)
                    os.pwrite(done.fileno(), b"\1", int(i))
                    self._same[i] = True
        except OSError as error:
            raise self._unwritable(error) from error

    def _decoded(self, i: int) -> bytes:
        wanted, path = self._photos[i]
        try:
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() != wanted:
                raise DatasetError(f"{path} is no longer what was imported; import its folder again")
            with Image.open(io.BytesIO(content)) as image:
                return self._decode(image).tobytes()
        except (OSError, ValueError, SyntaxError) as error:
            raise DatasetError(f"{path} does not decode ({error}); mend it, and import its folder again") from error

    def _unwritable(self, error: OSError) -> DatasetError:
        return DatasetError(
            f"cannot write decoded photos to {self._path}: {error.strerror or error}. All of them take "
            f"{np.prod(self.shape) / 1e9:.1f} GB; those that are decoded are kept: free some space and run the same "
            "command again"
        )


def _mapped(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return a file of bytes as an array that others may fill; it takes no space before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as file:
        file.truncate(int(np.prod(shape)))
    return np.memmap(path, np.uint8, "r", shape=shape)

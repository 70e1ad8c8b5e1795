"""A mask: which weights of one layer are kept, one bit each. Nothing here imports torch before it is used."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Mask:
    """The kept weights of one layer.

    Attributes:
        shape: shape of the weight, such as [out, in, height, width].
        bits: one bit per weight in row-major order, the first in the highest bit; 1 is kept.

    Raises:
        ValueError: the bits are too few or too many for the shape.
    """

    shape: tuple[int, ...]
    bits: bytes = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(int(size) for size in self.shape))
        padding = -self.size % 8
        if len(self.bits) * 8 != self.size + padding or (padding and self.bits[-1] % (1 << padding)):
            raise ValueError(f"{len(self.bits)} bytes of bits do not fit a weight of shape {list(self.shape)}")

    @property
    def size(self) -> int:
        """Number of weights."""
        return math.prod(self.shape)

    @property
    def kept(self) -> int:
        """Number of kept weights."""
        return int.from_bytes(self.bits).bit_count()

    @classmethod
    def of(cls, kept: Tensor) -> Mask:
        """Return the mask of a boolean tensor, True where a weight is kept."""
        import numpy as np

        return cls(tuple(kept.shape), np.packbits(kept.cpu().numpy().reshape(-1)).tobytes())

    def tensor(self) -> Tensor:
        """Return the mask as a boolean tensor on the CPU, True where a weight is kept."""
        import numpy as np
        import torch

        bits = np.unpackbits(np.frombuffer(self.bits, np.uint8), count=self.size)
        return torch.from_numpy(bits).bool().reshape(self.shape)

    def to_json(self) -> dict[str, Any]:
        """Return the mask as plain JSON data."""
        return {"shape": list(self.shape), "bits": base64.b64encode(self.bits).decode()}

    @classmethod
    def from_json(cls, data: Any) -> Mask:
        """Return the mask that `to_json` wrote.

        Raises:
            ValueError: the bits are no base64 or do not fit the shape.
        """
        return cls(tuple(data["shape"]), base64.b64decode(data["bits"], validate=True))

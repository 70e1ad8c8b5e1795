"""Several ways to compute one thing: a faster one is taken where it gives the bits of the plain one.

Which kernel a library takes, and so in which order it adds, depends on the processor, the shapes and the threads. So it
is tried, once per process and shape, on random numbers: another order of additions would show in nearly every one of
them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch
from torch import Tensor

Way = Callable[..., tuple[Tensor | None, ...]]

_CHOSEN: dict[Hashable, Way] = {}


def chosen(ways: Sequence[Way], case: Hashable, draw: Callable[[], tuple[Any, ...]]) -> Way:
    """Return the first of the ways that gives the bits of the last.

    Args:
        ways: the fastest first; the last one is what each network does by itself.
        case: what the choice depends on, beside the ways and the threads.
        draw: returns random arguments, each time the same; a way may change them.
    """
    key = (tuple(ways), case, torch.get_num_threads())
    if key not in _CHOSEN:
        _CHOSEN[key] = ways[-1] if len(ways) == 1 else _tried(ways, draw)
    return _CHOSEN[key]


def _tried(ways: Sequence[Way], draw: Callable[[], tuple[Any, ...]]) -> Way:
    with torch.no_grad():
        wanted = ways[-1](*draw())
        return next((way for way in ways[:-1] if _same(way(*draw()), wanted)), ways[-1])


def noise(like: Tensor) -> Tensor:
    """Return the same normal numbers each time, in the shape, the type and the strides of `like`.

    Libraries take their kernels by the strides, even those of a dimension of 1, which mean nothing.
    """
    drawn = torch.randn(like.shape, generator=torch.Generator().manual_seed(0), dtype=like.dtype)
    return torch.empty_strided(like.shape, like.stride(), dtype=like.dtype).copy_(drawn)


def layout_of(maps: Tensor) -> torch.memory_format:
    """Return how maps [N, C, H, W] lie in memory."""
    last = maps.dim() == 4 and maps.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if last else torch.contiguous_format


def cut(packed: Tensor, networks: int) -> list[Tensor]:
    """Return each network's channels of [N, networks * C, ...], dense and laid out as the whole."""
    form = layout_of(packed)
    return [part.contiguous(memory_format=form) for part in packed.chunk(networks, 1)]


def _same(found: tuple[Tensor | None, ...], wanted: tuple[Tensor | None, ...]) -> bool:
    pairs = [(a, b) for a, b in zip(found, wanted, strict=True) if a is not None and b is not None]
    return all(a.shape == b.shape and torch.equal(a, b) for a, b in pairs)

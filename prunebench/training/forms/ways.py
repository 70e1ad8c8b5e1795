"""Several ways to compute one thing: the fastest of those that give the same bits is taken.

Which kernel a library takes, and so in which order it adds, depends on the processor, the shapes and the threads. So it
is tried, once per process and shape, on random numbers: another order of additions would show in nearly every one of
them. Since the bits are the same, a choice that the clock makes changes no result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch
from torch import Tensor

Way = Callable[..., tuple[Tensor | None, ...]]

TRIALS = 3
"""How often a way is timed; the shortest time counts, as a busy machine only lengthens them."""

_CHOSEN: dict[Hashable, Way] = {}


def chosen(ways: Sequence[Way], case: Hashable, draw: Callable[[], tuple[Any, ...]]) -> Way:
    """Return the fastest of the ways that give the bits of the first.

    Args:
        ways: the first one is what a network by itself does.
        case: what the choice depends on, beside the ways and the threads.
        draw: returns random arguments, each time the same; a way may change them.
    """
    key = (tuple(ways), case, torch.get_num_threads())
    if key not in _CHOSEN:
        with torch.no_grad():
            wanted = ways[0](*draw())
            equal = [ways[0], *(way for way in ways[1:] if _same(way(*draw()), wanted))]
            _CHOSEN[key] = min(equal, key=lambda way: _seconds(way, draw())) if len(equal) > 1 else ways[0]
    return _CHOSEN[key]


def noise(*shape: int, like: Tensor) -> Tensor:
    """Return the same normal numbers each time, in the type and, where it has four dimensions too, layout of `like`."""
    drawn = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=like.dtype)
    return drawn.contiguous(memory_format=layout_of(like)) if len(shape) == 4 == like.dim() else drawn


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


def _seconds(way: Way, arguments: tuple[Any, ...]) -> float:
    times = []
    for _ in range(TRIALS):
        began = time.perf_counter()
        way(*arguments)
        times.append(time.perf_counter() - began)
    return min(times)

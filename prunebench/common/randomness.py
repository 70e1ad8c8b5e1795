"""Randomness by named axes, so that two trainings can share one choice and differ in another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


def rng(seed: int, *axis: str | int) -> torch.Generator:
    """Return the generator of one axis, such as `rng(3, "order", epoch)`; the same arguments give the same numbers."""
    name = "/".join(map(str, (seed, *axis)))
    return torch.Generator().manual_seed(int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big"))


@contextmanager
def seeded(seed: int, module: nn.Module | None = None) -> Iterator[None]:
    """Seed torch's global generators, for what draws from nothing else, and leave them as they were.

    Args:
        seed: of all of them.
        module: whose GPU's generator is put back as well as the CPU's.
    """
    devices = [p.device for p in module.parameters() if p.is_cuda][:1] if module is not None else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield

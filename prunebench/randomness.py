"""Randomness by named axes, so that two trainings can share one choice and differ in another."""

from __future__ import annotations

import hashlib

import torch


def rng(seed: int, *axis: str | int) -> torch.Generator:
    """Return the generator of one axis, such as `rng(3, "order", epoch)`; the same arguments give the same numbers."""
    name = "/".join(map(str, (seed, *axis)))
    return torch.Generator().manual_seed(int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big"))

"""Parts of our loop on their own, and the clock."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F

from prunebench.datasets.images import Images, batches
from prunebench.specs.experiment import Recipe
from prunebench.training.engine import Engine
from prunebench.training.layout import layout


def reading(data: Images, recipe: Recipe) -> Callable[[], None]:
    """Return the reading of one epoch's batches, without a network."""

    def read() -> None:
        for _ in batches(data.train, data.train_labels, recipe.batch_size, 0, 0):
            pass

    return read


def bare(engine: Engine, data: Images) -> Callable[[], None]:
    """Return forward, backward and update over one epoch's batches, which are ready beforehand, and nothing else."""
    form = layout(engine.network)
    ready = [
        (some.contiguous(memory_format=form), wanted)
        for some, wanted in batches(data.train, data.train_labels, engine.recipe.batch_size, 0, 0)
    ]

    def steps() -> None:
        engine.network.train()
        for some, wanted in ready:
            loss = F.cross_entropy(engine.network(some), wanted)
            engine.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            engine.optimiser.step()

    return steps


@contextmanager
def confined(cores: int) -> Iterator[None]:
    """Keep this thread, and the processes that it starts meanwhile, on so many CPU cores, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def seconds(work: Callable[[], Any]) -> float:
    """Return how long something takes, until the device is done with it."""
    began = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began

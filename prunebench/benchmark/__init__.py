"""`prunebench bench`: our training loop against the plain loop that a user would write, interleaved in one run.

Contract: the same network, images, batch size, optimiser, threads and as many CPU cores as threads on both sides, those
of the plain loop's loader among them (on CUDA all cores); one pass of each in turn, so that a drifting machine slows
both; ratios are taken round by round, their median given with the extremes. The plain loop computes as PyTorch comes,
on a GPU so with convolutions in TF32, where ours keeps to the recipe's precision; there it is timed under our settings
as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import nn

from prunebench.benchmark.plain import as_it_comes, fastest
from prunebench.benchmark.subjects import DEFAULT, Subject, subjects
from prunebench.benchmark.timing import bare, confined, reading, seconds
from prunebench.common.errors import PrunebenchError
from prunebench.runner.environment import configure, device, gpus
from prunebench.training.checkpoint import Partial
from prunebench.training.course import Course
from prunebench.training.engine import Engine
from prunebench.training.engine_graph import engine as engine_for
from prunebench.training.engine_packed import PackedEngine
from prunebench.training.forms.packed import packable
from prunebench.training.loop import train_epoch
from prunebench.training.together import epoch_together

__all__ = ["DEFAULT", "Subject", "bench", "subjects"]


@dataclass(frozen=True)
class Round:
    """Seconds of one pass over the images: the plain loop's, ours, and of ours two parts on their own.

    `tuned` is the plain loop's under our settings, where they matter; `packed` that of several of ours as one, by how
    many they are, where that is asked for.
    """

    plain: float
    ours: float
    reading: float
    bare: float
    tuned: float | None = None
    packed: float | None = None


def bench(subject: Subject, wanted: str = "cpu", rounds: int | None = None, packed: int = 1) -> dict[str, Any]:
    """Return the comparison of both loops on a subject.

    Args:
        subject: what to measure.
        wanted: `cpu` or `cuda`.
        rounds: that count, the subject's own unless given; one before them does not.
        packed: trainings that run as one beside ours, if more than 1.

    Returns:
        `network, dataset, batch_size, device, ours, plain` (images per second, medians), `ratio` (median over the
        rounds), `spread` (lowest and highest ratio), `input_share` (of our time, for choosing and preparing batches),
        `overhead_share` (of our time, for all that is not forward, backward and update; None where these are recorded
        as a CUDA graph, which runs them faster than they run one by one), `plain_workers` (of the plain loop's loader,
        0, 1 or 2, whichever is fastest; 0 on a single core), `plain_tuned` (images per second of the plain loop under
        our settings; None on a CPU, where they change nothing), `packed` (images per second of all trainings that run
        as one, None unless asked for).

    Raises:
        PrunebenchError: CUDA is asked for and not there; or a network cannot run packed.
    """
    place = device(wanted, gpus())
    if packed > 1 and (place != "cpu" or not packable(subject.network)):
        raise PrunebenchError(
            f"--packed {packed}: {subject.name} does not run packed on {place}; narrow VGGs, ResNets and "
            "PreResNets do, on a CPU"
        )
    configure(place)
    torch.set_num_threads(subject.threads)
    with confined(subject.threads) if place == "cpu" else nullcontext():
        workers, found = _measure(subject, place, rounds or subject.rounds, packed)
    return _comparison(subject, place, found) | {"plain_workers": workers}


def _measure(subject: Subject, place: str, rounds: int, packed: int) -> tuple[int, list[Round]]:
    """Return the workers of the plain loop's loader and what was measured, without the first round."""
    network, data = subject.network.to(place), subject.images.to(place)
    engine = engine_for(deepcopy(network), subject.recipe)
    several = _several(network, subject, packed)
    with as_it_comes():
        workers, plain = fastest(network, subject, place)
    works = [lambda: train_epoch(engine, data, 0, 0), reading(data, subject.recipe), bare(engine, data)]
    found = []
    for _ in range(rounds + 1):
        with as_it_comes():
            theirs = seconds(plain)
        ours, read, steps = (seconds(work) for work in works)
        tuned = None if place == "cpu" else seconds(plain)
        found.append(Round(theirs, ours, read, steps, tuned, several and seconds(several) / packed))
    return workers, found[1:]


def _several(network: nn.Module, subject: Subject, packed: int) -> Callable[[], Any] | None:
    """Return one epoch of several trainings that run as one; None for a single one."""
    if packed == 1:
        return None
    engines = [Engine(deepcopy(network), subject.recipe) for _ in range(packed)]
    courses = [Course(engine, seed, Partial(Path())) for seed, engine in enumerate(engines)]
    together = PackedEngine(engines)
    return lambda: epoch_together(together, courses, subject.images)


def _comparison(subject: Subject, place: str, found: list[Round]) -> dict[str, Any]:
    images = len(subject.images.train)
    ratios = [each.plain / each.ours for each in found]
    return {
        "network": subject.name,
        "dataset": subject.dataset,
        "batch_size": subject.recipe.batch_size,
        "device": place,
        "ours": round(images / median(each.ours for each in found), 1),
        "plain": round(images / median(each.plain for each in found), 1),
        "ratio": round(median(ratios), 2),
        "spread": [round(min(ratios), 2), round(max(ratios), 2)],
        "input_share": round(median(each.reading / each.ours for each in found), 4),
        "overhead_share": _overhead(found) if place == "cpu" else None,
        "plain_tuned": _rate(images, [each.tuned for each in found]),
        "packed": _rate(images, [each.packed for each in found]),
    }


def _rate(images: int, times: Sequence[float | None]) -> float | None:
    """Return images per second of the median time; None without times."""
    there = [time for time in times if time is not None]
    return round(images / median(there), 1) if there else None


def _overhead(found: list[Round]) -> float:
    """Return the share; a machine that others use can make a part slower than the whole, which is no share at all."""
    return round(max(0.0, median(1 - each.bare / each.ours for each in found)), 4)

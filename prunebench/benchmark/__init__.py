"""`prunebench bench`: our training loop against the plain loop that a user would write, interleaved in one run.

Contract: the same network, images, batch size, optimiser, precision, threads and as many CPU cores as threads on both
sides, those of the plain loop's loader among them (on CUDA all cores); one pass of each in turn, so that a drifting
machine slows both; ratios are taken round by round, their median given with the extremes.
"""

from __future__ import annotations

from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch

from prunebench.benchmark.plain import fastest
from prunebench.benchmark.subjects import DEFAULT, Subject, subjects
from prunebench.benchmark.timing import bare, confined, reading, seconds
from prunebench.runner.environment import configure, device, gpus
from prunebench.training.engine_graph import engine as engine_for
from prunebench.training.loop import train_epoch

__all__ = ["DEFAULT", "Subject", "bench", "subjects"]


@dataclass(frozen=True)
class Round:
    """Seconds of one pass over the images: the plain loop's, ours, and of ours two parts on their own."""

    plain: float
    ours: float
    reading: float
    bare: float


def bench(subject: Subject, wanted: str = "cpu", rounds: int | None = None) -> dict[str, Any]:
    """Return the comparison of both loops on a subject.

    Args:
        subject: what to measure.
        wanted: `cpu` or `cuda`.
        rounds: that count, the subject's own unless given; one before them does not.

    Returns:
        `network, dataset, batch_size, device, ours, plain` (images per second, medians), `ratio` (median over the
        rounds), `spread` (lowest and highest ratio), `input_share` (of our time, for choosing and preparing batches),
        `overhead_share` (of our time, for all that is not forward, backward and update; None where these are recorded
        as a CUDA graph, which runs them faster than they run one by one), `plain_workers` (of the plain loop's loader,
        0 or 2, whichever is faster; 0 on a single core).

    Raises:
        PrunebenchError: CUDA is asked for and not there.
    """
    place = device(wanted, gpus())
    configure(place)
    torch.set_num_threads(subject.threads)
    with confined(subject.threads) if place == "cpu" else nullcontext():
        workers, found = _measure(subject, place, rounds or subject.rounds)
    return _comparison(subject, place, found) | {"plain_workers": workers}


def _measure(subject: Subject, place: str, rounds: int) -> tuple[int, list[Round]]:
    """Return the workers of the plain loop's loader and what was measured, without the first round."""
    network, data = subject.network.to(place), subject.images.to(place)
    engine = engine_for(deepcopy(network), subject.recipe)
    workers, plain = fastest(network, subject, place)
    only_steps, only_reading = bare(engine, data), reading(data, subject.recipe)
    found = []
    for _ in range(rounds + 1):
        times = [seconds(work) for work in (plain, lambda: train_epoch(engine, data, 0, 0), only_reading, only_steps)]
        found.append(Round(*times))
    return workers, found[1:]


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
    }


def _overhead(found: list[Round]) -> float:
    """Return the share; a machine that others use can make a part slower than the whole, which is no share at all."""
    return round(max(0.0, median(1 - each.bare / each.ours for each in found)), 4)

"""Several trainings at once on a CPU, each with the bits that it has by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import torch
import torch.nn.functional as F

from prunebench.common.errors import TrainingError
from prunebench.datasets.images import Images, batches, in_order
from prunebench.training.course import Course
from prunebench.training.engine_packed import PackedEngine
from prunebench.training.loop import TESTED, finish


def train_together(
    courses: Sequence[Course], images: Images, ended: Callable[[Course], None] = lambda course: None
) -> None:
    """Take trainings to their ends; one whose loss is no longer finite ends with an error, and the others go on.

    Args:
        courses: of networks that are `packable` and of equal shapes, with equal batch sizes; with a rate, a penalty, a
            number of epochs, and epochs behind them, of their own.
        images: what all are trained and tested on.
        ended: is told of each as it ends.
    """
    going = list(courses)
    for course in going:
        course.take_up()
    while going:
        if len(going) == 1:
            with suppress(TrainingError):
                finish(going[0], images)
        else:
            _side_by_side(going, images)
        over, going = [c for c in going if c.over], [c for c in going if not c.over]
        for course in over:
            ended(course)


def _side_by_side(courses: Sequence[Course], images: Images) -> None:
    """Train until one is over."""
    packed = PackedEngine([course.engine for course in courses])
    try:
        while not any(course.over for course in courses):
            _epoch(packed, courses, images)
    finally:
        packed.dissolve()


def _epoch(packed: PackedEngine, courses: Sequence[Course], images: Images) -> None:
    began = time.perf_counter()
    trained = epoch_together(packed, courses, images)
    for course, (loss, _) in zip(courses, trained, strict=True):
        with suppress(TrainingError):
            course.close(loss)
    tested = _tested(packed, images)
    seconds = (time.perf_counter() - began) / len(courses)
    for course, learnt, said in zip(courses, trained, tested, strict=True):
        if course.error is None:
            course.note(learnt, said, seconds)


def epoch_together(packed: PackedEngine, courses: Sequence[Course], images: Images) -> list[tuple[float, float]]:
    """Train over all images once; return mean loss and accuracy (percent) of each meanwhile."""
    seen, size = 0, courses[0].engine.recipe.batch_size
    firsts = [course.epoch * -(-len(images.train) // size) for course in courses]
    orders = [batches(images.train, images.train_labels, size, course.seed, course.epoch) for course in courses]
    packed.begin([course.epoch for course in courses])
    for number, some in enumerate(zip(*orders, strict=True)):
        for course, first in zip(courses, firsts, strict=True):
            course.act(first + number)
        packed.step(some)
        seen += len(some[0][0])
    sums = [course.engine.sums() for course in courses]
    return [(loss / seen, 100.0 * correct / seen) for loss, correct in sums]


def _tested(packed: PackedEngine, images: Images) -> list[tuple[float, float]]:
    """Return mean cross-entropy and accuracy (percent) of each over the test images."""
    packed.network.eval()
    losses, correct = (torch.zeros(len(packed.engines)) for _ in range(2))
    with torch.inference_mode():
        for some, wanted in in_order(images.test, images.test_labels, TESTED["cpu"]):
            for i, scores in enumerate(packed.scores(some)):
                losses[i] += F.cross_entropy(scores, wanted, reduction="sum")
                correct[i] += (scores.argmax(1) == wanted).sum()
    count = len(images.test)
    return [
        (loss / count, 100.0 * right / count) for loss, right in zip(losses.tolist(), correct.tolist(), strict=True)
    ]

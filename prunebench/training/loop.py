"""The training loop of classifiers."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prunebench.common.randomness import rng, seeded
from prunebench.datasets.images import Images, batches, in_order
from prunebench.datasets.pixels import Pixels
from prunebench.training.course import Course
from prunebench.training.engine import Engine
from prunebench.training.layout import layout

TESTED = {"cpu": 300, "cuda": 1000}
"""Images that are tested at once: as many on a GPU as divide 10,000, since cuDNN searches anew for each other size."""


def finish(course: Course, images: Images) -> None:
    """Take a training to its end.

    Raises:
        TrainingError: the loss is no longer finite.
    """
    while not course.over:
        began = time.perf_counter()
        engine = course.engine
        trained = train_epoch(engine, images, course.seed, course.epoch, course.act)
        course.close(trained[0])
        tested = evaluate(engine.network, images.test, images.test_labels)
        course.note(trained, tested, time.perf_counter() - began)


def train_epoch(
    engine: Engine, images: Images, seed: int, epoch: int, act: Callable[[int], None] = lambda step: None
) -> tuple[float, float]:
    """Train over all images once, in the order of seed and epoch; return mean loss and accuracy (percent) meanwhile.

    Before every step `act` is called with its number in the whole training.
    """
    seen, size = 0, engine.recipe.batch_size
    first = epoch * -(-len(images.train) // size)
    with seeded(rng(seed, "dropout", epoch).initial_seed(), engine.network):
        engine.begin(epoch)
        for step, (some, wanted) in enumerate(batches(images.train, images.train_labels, size, seed, epoch), first):
            act(step)
            engine.step(some, wanted)
            seen += len(some)
    loss, correct = engine.sums()
    return loss / seen, 100.0 * correct / seen


def evaluate(network: nn.Module, images: Tensor | Pixels, labels: Tensor) -> tuple[float, float]:
    """Return mean cross-entropy and accuracy (percent) of a network over images [N, C, H, W] and labels [N]."""
    network.eval()
    form = layout(network)
    loss, correct = torch.zeros(2, device=labels.device)
    with torch.inference_mode():
        for some, wanted in in_order(images, labels, TESTED[labels.device.type]):
            scores = network(some.contiguous(memory_format=form))
            loss += F.cross_entropy(scores, wanted, reduction="sum")
            correct += (scores.argmax(1) == wanted).sum()
    return loss.item() / len(images), 100.0 * correct.item() / len(images)

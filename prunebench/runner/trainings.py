"""What the training of a classifier means: its start, what acts on it, and what is stored of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import torch
from torch import nn

from prunebench.datasets.images import Images
from prunebench.networks.flops import count
from prunebench.pruning import registry
from prunebench.pruning.masking import hold
from prunebench.pruning.regularisers import regulariser
from prunebench.runner.facts import files, of_training, size
from prunebench.runner.trained import load_images, plan_of, starting_network
from prunebench.runner.workshop import Piece, Workshop
from prunebench.specs.experiment import Recipe, Training, digest
from prunebench.store.outcome import Outcome
from prunebench.training.checkpoint import Epoch, Partial
from prunebench.training.course import Course, EpochHook
from prunebench.training.energy import Meter
from prunebench.training.engine import Hook
from prunebench.training.engine_graph import engine
from prunebench.training.gradients import bn_l1, chain
from prunebench.training.loop import evaluate, finish
from prunebench.training.memory import needed


@dataclass(frozen=True)
class Underway:
    """A training that can begin.

    Attributes:
        spec: what it is.
        course: how far it is.
        images: what it is trained and tested on.
        masked: whether single weights are held at zero.
        began: when this process took it up.
        meter: counts its energy.
    """

    spec: Training
    course: Course
    images: Images
    masked: bool
    began: datetime
    meter: Meter

    def outcome(self, workshop: Workshop) -> Outcome:
        """Store what came of it.

        Raises:
            TrainingError: it ended early.
        """
        course, network = self.course, self.course.engine.network
        if course.error is not None:
            raise course.error
        untouched = [] if course.history else [evaluate(network, self.images.test, self.images.test_labels)[1]]
        accuracies = [epoch.test_accuracy for epoch in course.history] or untouched
        facts = {
            "accuracy": accuracies[-1],
            "best_accuracy": max(accuracies),
            "memory": needed(network, self.images, self.spec.recipe),
            **size(count(network, self.images.example, nonzero=self.masked)),
            **self.meter.facts(),
            **of_training(course.history, len(self.images.train), self.began, workshop),
        }
        return workshop.store.put(self.spec, facts, files(course.history, network))


def evaluate_training(spec: Training, workshop: Workshop, piece: Piece) -> Outcome:
    """Train what a spec says, from its last partial checkpoint if there is one, and store the outcome."""
    torch.set_num_threads(workshop.threads)
    underway = begin(spec, workshop, reporter(spec.recipe, workshop, piece))
    with denormals_flushed():
        underway.course.take_up()
        finish(underway.course, underway.images)
        return underway.outcome(workshop)


def begin(spec: Training, workshop: Workshop, report: Callable[[Epoch], None]) -> Underway:
    """Return a training with its network as it starts, and all that acts on it."""
    began = datetime.now(UTC)
    images = load_images(spec.dataset, workshop.store.data, workshop.device)
    images.tell(workshop.progress.waiting)
    state = Partial(workshop.store.partial(digest(spec)))
    meter = Meter(workshop.device, resumed=state.path.exists())
    network = starting_network(spec, workshop.store).to(workshop.device)
    masks = {} if spec.start.pruning is None else plan_of(spec.start.pruning, workshop.store).masks
    hook, after_epoch = _hooks(spec, network, images.example, workshop)
    hook = chain(hook, hold(network, masks)) if masks else hook
    own = spec.regulariser is not None and spec.regulariser.method is not None
    every = spec.regulariser.every if spec.regulariser else 0
    taking = engine(network, spec.recipe, hook, recordable=not own and not spec.network.source)
    course = Course(taking, spec.seed, state, report, after_epoch, every)
    return Underway(spec, course, images, bool(masks), began, meter)


def reporter(recipe: Recipe, workshop: Workshop, piece: Piece, beside: int = 0) -> Callable[[Epoch], None]:
    """Show that a training begins; return what shows its progress after each epoch.

    Args:
        recipe: how long it is.
        workshop: where it is shown.
        piece: whose training.
        beside: how many are trained with it, which takes as much longer.
    """

    def show(done: int, left: float | None) -> None:
        label = f"{piece.network} {piece.arm}"
        workshop.progress.update(label, piece.network, piece.arm, piece.seed, done, recipe.trained, left)

    show(0, None)
    return lambda epoch: show(epoch.epoch, (1 + beside) * epoch.seconds * (recipe.trained - epoch.epoch))


@contextmanager
def denormals_flushed() -> Iterator[None]:
    """Take numbers too small for full precision as zero: they can slow a CPU down a hundredfold."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _hooks(
    spec: Training, network: nn.Module, example: torch.Tensor, workshop: Workshop
) -> tuple[Hook | None, EpochHook | None]:
    """Return what acts after every backward pass and after every epoch."""
    penalty = spec.regulariser
    if penalty is None:
        return None, None
    if penalty.method is not None:
        found = registry.found(penalty.method, workshop.method_file)
        return found.regulariser, getattr(found, "after_epoch", None)
    if penalty.name == "bn_l1":
        return bn_l1(network, penalty.strength), None
    acting = regulariser(penalty.name, network, example, penalty.strength)
    return acting, getattr(acting, "after_epoch", None)

"""Trainings that are ready at once and run as one: which they are, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import cast

import torch

from prunebench.common.errors import PrunebenchError
from prunebench.runner.apart import needs_user_code
from prunebench.runner.trained import load_images, plan_of
from prunebench.runner.trainings import Underway, begin, denormals_flushed, reporter
from prunebench.runner.workshop import Piece, Workshop
from prunebench.specs.experiment import Pruning, Spec, Training, classifier_of
from prunebench.store.store import Store
from prunebench.training.course import Course
from prunebench.training.forms.packed import PIXELS, packable
from prunebench.training.together import train_together

FAMILIES = ("preresnet", "resnet", "vgg")
"""Networks that gain time packed (`training.forms.packed`)."""

LARGEST = 6
"""Trainings in one pack: what more of them would gain is little."""


def alike(piece: Piece, frontier: Sequence[Piece], store: Store) -> list[Piece]:
    """Return the other pieces of a frontier that can run as one with a piece; all their inputs are stored."""
    wanted = mould(piece.spec, store)
    others = {each.spec: each for each in frontier if each.spec != piece.spec}
    return [] if wanted is None else [each for spec, each in others.items() if mould(spec, store) == wanted]


def mould(spec: Spec, store: Store) -> Hashable | None:
    """Return what is equal in trainings that can run as one; None for what runs by itself.

    Seeds, arms and penalties may differ, as long as the shapes after pruning do not.

    Args:
        spec: whose inputs are stored.
        store: has them.
    """
    if not isinstance(spec, Training) or needs_user_code(spec) or spec.network.family not in FAMILIES:
        return None
    if spec.recipe.precision != "float32" or not spec.recipe.trained:
        return None
    if load_images(spec.dataset, store.data).example[0, 0].numel() > PIXELS:
        return None
    return spec.dataset, spec.network, spec.recipe.batch_size, _widths(spec.start.pruning, store)


def _widths(pruning: Pruning | None, store: Store) -> Hashable:
    """Return how many channels each layer keeps, of this pruning and those before it."""
    if pruning is None:
        return ()
    plan = plan_of(pruning, store)
    kept = tuple(sorted((name, len(channels)) for name, channels in plan.keep.items()))
    return kept, plan.drop, _widths(classifier_of(pruning.trained).start.pruning, store)


def compute_together(
    pieces: Sequence[Piece], workshop: Workshop, stored: Callable[[Piece], None]
) -> list[PrunebenchError]:
    """Train pieces of one mould as one; each ends with the bits that it has by itself, and is stored as it ends.

    Args:
        pieces: trainings.
        workshop: where; its device is a CPU.
        stored: is told of each that is stored.

    Returns:
        What went wrong, each with a note that says whose it is; the others are stored.
    """
    torch.set_num_threads(workshop.threads)
    beside = len(pieces) - 1
    errors: list[PrunebenchError] = []
    underway: dict[int, tuple[Piece, Underway]] = {}
    for piece in pieces:
        spec = cast("Training", piece.spec)
        begun = begin(spec, workshop, reporter(spec.recipe, workshop, piece, beside))
        underway[id(begun.course)] = piece, begun

    def ended(course: Course) -> None:
        piece, begun = underway[id(course)]
        try:
            begun.outcome(workshop)
        except PrunebenchError as error:
            error.add_note(f"while at: {piece.network}, {piece.arm}, seed {piece.seed}")
            errors.append(error)
        else:
            stored(piece)

    with denormals_flushed():
        _train([begun for _, begun in underway.values()], ended)
    return errors


def _train(underway: Sequence[Underway], ended: Callable[[Course], None]) -> None:
    groups: dict[Hashable, list[Course]] = {}
    for number, begun in enumerate(underway):
        network = begun.course.engine.network
        shapes = tuple((name, tensor.shape) for name, tensor in network.state_dict().items())
        groups.setdefault(shapes if packable(network) else number, []).append(begun.course)
    for courses in groups.values():
        train_together(courses, underway[0].images, ended)

"""The training of detectors, beside that of classifiers: torchvision's detectors return their losses themselves."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from prunebench.common.errors import TrainingError
from prunebench.common.randomness import rng, seeded
from prunebench.datasets.annotated import Annotated, Scene, Scenes, Target
from prunebench.specs.experiment import Recipe
from prunebench.training.checkpoint import Epoch, Partial
from prunebench.training.precision import Precision, mean_average_precision
from prunebench.training.schedule import lr_at


def train_detector(
    detector: nn.Module,
    scenes: Annotated,
    recipe: Recipe,
    seed: int,
    partial: Partial,
    report: Callable[[Epoch], None] = lambda epoch: None,
) -> list[Epoch]:
    """Train a detector in place and return its course.

    Args:
        detector: of torchvision's kind: in training mode it returns its losses by name.
        scenes: what it is trained and tested on.
        recipe: how.
        seed: gives the order of the images, which are mirrored, and which proposals are trained on.
        partial: where the state is kept after every epoch, and taken up again.
        report: is told of every finished epoch.

    Raises:
        TrainingError: a loss is no longer finite.
    """
    optimiser = torch.optim.SGD(
        [p for p in detector.parameters() if p.requires_grad],
        lr=recipe.lr,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
    )
    history = partial.restore(detector, optimiser)
    for epoch in range(len(history), recipe.trained):
        began = time.perf_counter()
        for group in optimiser.param_groups:
            group["lr"] = lr_at(recipe, epoch)
        loss = _train_epoch(detector, scenes, recipe, optimiser, seed, epoch)
        precision = evaluate_detector(detector, scenes.test).all_points
        seconds = time.perf_counter() - began
        history.append(Epoch(epoch + 1, lr_at(recipe, epoch), loss, None, None, precision, seconds))
        partial.save(detector, optimiser, history)
        report(history[-1])
    return history


def evaluate_detector(detector: nn.Module, scenes: Scenes, size: int = 32) -> Precision:
    """Return the mean average precisions of a detector over some scenes, `size` of them at a time."""
    detector.eval()
    found: list[Target] = []
    wanted: list[Target] = []
    with torch.inference_mode():
        for start in range(0, len(scenes), size):
            some = [scenes[i] for i in range(start, min(start + size, len(scenes)))]
            wanted += [target for _, target in some]
            found += [{k: v.cpu() for k, v in t.items()} for t in detector([_pixels(i, detector) for i, _ in some])]
    return mean_average_precision(found, wanted)


def _train_epoch(
    detector: nn.Module, scenes: Annotated, recipe: Recipe, optimiser: torch.optim.Optimizer, seed: int, epoch: int
) -> float:
    """Train over all images once and return the mean loss.

    Each loss is looked at before it is used: boxes that are not finite would crash torchvision's pooling of regions.
    """
    detector.train()
    total = 0.0
    with seeded(int(torch.randint(2**62, (), generator=rng(seed, "proposals", epoch))), detector):
        for some in _batches(scenes, recipe.batch_size, seed, epoch):
            loss = _loss(detector, some)
            if not math.isfinite(loss.item()):
                raise TrainingError(
                    f"the loss became {loss.item()} in epoch {epoch + 1} of {recipe.epochs} at learning rate "
                    f"{lr_at(recipe, epoch):g}; nothing is stored. A smaller rate may help."
                )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += loss.item() * len(some)
    return total / len(scenes.train)


def _loss(detector: nn.Module, scenes: list[Scene]) -> Tensor:
    images = [_pixels(image, detector) for image, _ in scenes]
    targets = [{name: t[name].to(images[0].device) for name in ("boxes", "labels")} for _, t in scenes]
    return torch.stack(list(detector(images, targets).values())).sum()


def _batches(scenes: Annotated, size: int, seed: int, epoch: int) -> Iterator[list[Scene]]:
    """Yield the batches of one epoch, in an order that depends on seed and epoch alone."""
    order = torch.randperm(len(scenes.train), generator=rng(seed, "order", epoch))
    mirrored = torch.rand(len(order), generator=rng(seed, "augment", epoch)) < 0.5 * scenes.mirrored
    for chosen in torch.split(order, size):
        yield [_mirrored(scenes.train[i]) if mirrored[i] else scenes.train[i] for i in chosen.tolist()]


def _mirrored(scene: Scene) -> Scene:
    """Return a scene turned left to right."""
    image, target = scene
    boxes = target["boxes"].clone()
    boxes[:, [0, 2]] = image.shape[-1] - boxes[:, [2, 0]]
    return image.flip(-1), {**target, "boxes": boxes}


def _pixels(image: Tensor, detector: nn.Module) -> Tensor:
    """Return an image on the scale from 0 to 1, on the detector's device."""
    return image.to(next(detector.parameters()).device).float() / 255

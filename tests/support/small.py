"""A training that is done in milliseconds."""

from collections.abc import Callable

import torch
from torch import nn

from prunebench.common.randomness import rng
from prunebench.datasets.images import Images
from prunebench.specs.experiment import Recipe
from prunebench.training.checkpoint import Epoch, Partial
from prunebench.training.course import Course, EpochHook
from prunebench.training.engine import Hook
from prunebench.training.engine_graph import engine as engine_for
from prunebench.training.loop import finish

RECIPE = Recipe(4, lr=0.05, milestones=(2, 3), batch_size=16)


def images() -> Images:
    pixels = torch.randn(97, 1, 8, 8, generator=rng(0, "pixels"))
    labels = (pixels.mean((1, 2, 3)) > 0).long()
    return Images(pixels[:65], labels[:65], pixels[65:], labels[65:], classes=2)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 5, 3, bias=False),
        nn.BatchNorm2d(5),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(5, 2),
    )


def bits(net: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def train(
    network: nn.Module,
    images: Images,
    recipe: Recipe,
    seed: int,
    partial: Partial,
    regulariser: Hook | None = None,
    report: Callable[[Epoch], None] = lambda epoch: None,
    after_epoch: EpochHook | None = None,
    every: int = 0,
    recordable: bool = True,
) -> list[Epoch]:
    """Train a network in place and return its course.

    Args:
        network: with its first weights; on the device of `images`.
        images: what it is trained and tested on.
        recipe: how.
        seed: gives the order of the images.
        partial: where the state is kept after every epoch, and taken up again.
        regulariser: acts on the gradients of every step.
        report: is told of every finished epoch.
        after_epoch: acts on the weights after every epoch.
        every: steps between its acts meanwhile, the first before the first step; 0 for none.
        recordable: whether network and regulariser neither count their calls nor wait for the device.

    Raises:
        TrainingError: the loss is no longer finite.
    """
    engine = engine_for(network, recipe, regulariser, recordable)
    course = Course(engine, seed, partial, report, after_epoch, every)
    course.take_up()
    finish(course, images)
    return course.history

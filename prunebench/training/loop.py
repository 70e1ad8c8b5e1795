"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prunebench.datasets.images import Images, batches, in_order
from prunebench.datasets.pixels import Pixels
from prunebench.errors import TrainingError
from prunebench.experiment import Recipe
from prunebench.training.checkpoint import Epoch, Partial
from prunebench.training.schedule import lr_at

Hook = Callable[[nn.Module], None]
"""Called after every backward pass; may add to the gradients of the network's parameters."""

EpochHook = Callable[[nn.Module, int], None]
"""Called with the number of finished epochs after each, before the test, and again when a training is taken up there;
may change the weights, the same way each time."""


def train(
    network: nn.Module,
    images: Images,
    recipe: Recipe,
    seed: int,
    partial: Partial,
    regulariser: Hook | None = None,
    report: Callable[[Epoch], None] = lambda epoch: None,
    after_epoch: EpochHook | None = None,
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

    Raises:
        TrainingError: the loss is no longer finite.
    """
    network.to(memory_format=torch.channels_last)
    optimiser = optimiser_of(network, recipe)
    history = partial.restore(network, optimiser)
    if after_epoch is not None and history:
        after_epoch(network, len(history))
    for epoch in range(len(history), recipe.trained):
        began = time.perf_counter()
        for group in optimiser.param_groups:
            group["lr"] = lr_at(recipe, epoch)
        loss, accuracy = train_epoch(network, images, recipe, optimiser, regulariser, (seed, epoch))
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} in epoch {epoch + 1} of {recipe.epochs} at learning rate "
                f"{lr_at(recipe, epoch):g}; nothing is stored. A smaller rate or a weaker regulariser may help."
            )
        if after_epoch is not None:
            after_epoch(network, epoch + 1)
        test_loss, test_accuracy = evaluate(network, images.test, images.test_labels)
        seconds = time.perf_counter() - began
        history.append(Epoch(epoch + 1, lr_at(recipe, epoch), loss, accuracy, test_loss, test_accuracy, seconds))
        partial.save(network, optimiser, history)
        report(history[-1])
    return history


def evaluate(network: nn.Module, images: Tensor | Pixels, labels: Tensor, size: int = 512) -> tuple[float, float]:
    """Return mean cross-entropy and accuracy (percent) of a network over images [N, C, H, W] and labels [N]."""
    network.eval()
    loss, correct = torch.zeros(2, device=labels.device)
    with torch.inference_mode():
        for some, wanted in in_order(images, labels, size):
            scores = network(some.contiguous(memory_format=torch.channels_last))
            loss += F.cross_entropy(scores, wanted, reduction="sum")
            correct += (scores.argmax(1) == wanted).sum()
    return loss.item() / len(images), 100.0 * correct.item() / len(images)


def optimiser_of(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Return the recipe's SGD over all parameters of a network."""
    return torch.optim.SGD(
        network.parameters(),
        lr=recipe.lr,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
        foreach=True,  # the fused one (PyTorch 2.14, CPU) is wrong where gradient and weight differ in memory layout
    )


def train_epoch(
    network: nn.Module,
    images: Images,
    recipe: Recipe,
    optimiser: torch.optim.Optimizer,
    regulariser: Hook | None,
    at: tuple[int, int],
) -> tuple[float, float]:
    """Train over all images once and return the mean loss and the accuracy (percent) while training.

    The sums stay on the device, so that no step waits for the host. `at` is the seed and the epoch.
    """
    network.train()
    (loss_sum, correct), seen = torch.zeros(2, device=images.train_labels.device), 0
    for some, wanted in batches(images.train, images.train_labels, recipe.batch_size, *at):
        scores = network(some)
        loss = F.cross_entropy(scores, wanted)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if regulariser is not None:
            regulariser(network)
        optimiser.step()
        loss_sum += loss.detach() * len(some)
        correct += (scores.detach().argmax(1) == wanted).sum()
        seen += len(some)
    return loss_sum.item() / seen, 100.0 * correct.item() / seen

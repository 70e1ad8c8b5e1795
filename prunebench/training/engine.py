"""One step of training, run operation by operation; `engine_graph` has the same step as a CUDA graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prunebench.common.errors import PrunebenchError
from prunebench.specs.experiment import Recipe
from prunebench.training.layout import layout
from prunebench.training.schedule import lr_at

Hook = Callable[[nn.Module], None]
"""Called after every backward pass; may add to the gradients of the network's parameters."""

PRECISIONS = ("float32", "tf32", "bf16")
"""What `Recipe.precision` may be. In `tf32` a GPU multiplies float32 rounded to 10 bits of fraction, forward and
backward, and adds in float32; a CPU knows no such thing, and computes in float32. `bf16` is autocast in the forward
pass, with weights and updates in float32."""


class Engine:
    """Takes the steps of one training; the sums over an epoch stay on the device, so that no step waits for the host.

    Attributes:
        network: that is trained, in its `layout`.
        recipe: how.
        optimiser: the recipe's SGD.
        regulariser: acts on the gradients of every step.
    """

    def __init__(self, network: nn.Module, recipe: Recipe, regulariser: Hook | None = None) -> None:
        """Prepare a network for its training.

        Raises:
            PrunebenchError: there is no such precision.
        """
        if recipe.precision not in PRECISIONS:
            raise PrunebenchError(f"unknown precision {recipe.precision!r}; valid are {', '.join(PRECISIONS)}")
        self.network, self.recipe, self.regulariser = network, recipe, regulariser
        self._layout = layout(network)
        network.to(memory_format=self._layout)
        self.optimiser = sgd(network.parameters(), recipe)
        self.device = next(network.parameters()).device
        self._loss, self._correct = torch.zeros(2, device=self.device).unbind()

    def begin(self, epoch: int) -> None:
        """Make ready for the steps of an epoch (0-based)."""
        self.network.train()
        self._loss.zero_()
        self._correct.zero_()
        for group in self.optimiser.param_groups:
            group["lr"] = lr_at(self.recipe, epoch)

    def step(self, images: Tensor, labels: Tensor) -> None:
        """Take one step on images [N, C, H, W] and labels [N] of the network's device."""
        with _tensor_floats() if self.recipe.precision == "tf32" else nullcontext():
            with self._autocast():
                scores = self.network(images.contiguous(memory_format=self._layout))
                loss = F.cross_entropy(scores, labels)
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
        self.learn(loss.detach(), scores.detach(), labels)

    def learn(self, loss: Tensor, scores: Tensor, labels: Tensor) -> None:
        """Update the weights by the gradients that are there, and add to the sums.

        Args:
            loss: mean over the batch.
            scores: of the batch, [N, classes].
            labels: their classes, [N].
        """
        if self.regulariser is not None:
            self.regulariser(self.network)
            _align(self.network.parameters())
        self.optimiser.step()
        self._loss += loss * len(labels)
        self._correct += (scores.argmax(1) == labels).sum()

    def sums(self) -> tuple[float, int]:
        """Return the sum of the loss over the epoch's images and how many were right while training; waits."""
        return self._loss.item(), int(self._correct.item())

    def _autocast(self) -> AbstractContextManager[object]:
        if self.recipe.precision != "bf16":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16, cache_enabled=False)  # no weight is read twice


@contextmanager
def _tensor_floats() -> Iterator[None]:
    """Let convolutions and products of matrices on a GPU be in TF32."""
    places: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn.conv)  # type: ignore[attr-defined]
    before = [place.fp32_precision for place in places]
    try:
        for place in places:
            place.fp32_precision = "tf32"
        yield
    finally:
        for place, was in zip(places, before, strict=True):
            place.fp32_precision = was


def sgd(parameters: Iterable[nn.Parameter], recipe: Recipe) -> torch.optim.SGD:
    """Return the recipe's SGD."""
    return torch.optim.SGD(
        parameters,
        lr=recipe.lr,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
        fused=True,
    )


def _align(parameters: Iterable[nn.Parameter]) -> None:
    """Lay gradients out as their weights, as autograd leaves them: the fused SGD takes that for granted."""
    for parameter in parameters:
        if parameter.grad is not None and parameter.grad.stride() != parameter.stride():
            parameter.grad = torch.empty_like(parameter).copy_(parameter.grad)

"""One step of several trainings at once: their networks run packed, and each learns by itself."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prunebench.training.engine import Engine
from prunebench.training.forms.packed import pack


class PackedEngine:
    """Takes the steps of several trainings, whose weights and sums come out with the bits of each by itself.

    The weights, gradients and running statistics of each network are views of the packed ones, so that regularisers,
    optimisers and checkpoints act on the networks as ever. They stay so until `dissolve`.

    Attributes:
        engines: of the single trainings.
        network: reads [N, networks * C, H, W], returns [N, networks * classes].
    """

    def __init__(self, engines: Sequence[Engine]) -> None:
        """Pack the networks of engines, which are `packable` and of equal shapes."""
        self.engines = engines
        networks = [engine.network for engine in engines]
        self.network = pack(networks)
        self._counters = [b for n in networks for name, b in n.named_buffers() if name.endswith("num_batches_tracked")]
        self._shared: list[tuple[nn.Parameter, list[nn.Parameter]]] = []
        for name, whole in self.network.named_parameters():
            parts = [network.get_parameter(name) for network in networks]
            _share(whole, parts)
            self._shared.append((whole, parts))
        for name, buffer in self.network.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                _share(buffer, [network.get_buffer(name) for network in networks])

    def begin(self, epochs: Sequence[int]) -> None:
        """Make ready for the steps of an epoch (0-based), of each training its own."""
        self.network.train()
        for engine, epoch in zip(self.engines, epochs, strict=True):
            engine.begin(epoch)

    def step(self, batches: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Take one step of each training on its images [N, C, H, W] and labels [N]."""
        scores = self._scores([images for images, _ in batches])
        losses = [F.cross_entropy(some, labels) for some, (_, labels) in zip(scores, batches, strict=True)]
        self.network.zero_grad()
        torch.autograd.backward(losses)
        self._hand_out()
        if self._counters:
            torch._foreach_add_(self._counters, 1)
        for engine, loss, some, (_, labels) in zip(self.engines, losses, scores, batches, strict=True):
            engine.learn(loss.detach(), some.detach(), labels)

    def scores(self, images: Tensor) -> list[Tensor]:
        """Return what each network says of the same images [N, C, H, W]; call `network.eval()` before."""
        return self._scores([images] * len(self.engines))

    def _scores(self, images: Sequence[Tensor]) -> list[Tensor]:
        together = torch.cat(list(images), 1).contiguous(memory_format=torch.channels_last)
        return [some.contiguous() for some in self.network(together).chunk(len(self.engines), 1)]

    def _hand_out(self) -> None:
        """Give each network its part of the gradients."""
        for whole, parts in self._shared:
            for part, gradient in zip(parts, _chunks(whole.grad, len(parts)), strict=True):
                part.grad = gradient

    def dissolve(self) -> None:
        """Give each network memory of its own again."""
        for engine in self.engines:
            for tensor in (*engine.network.parameters(), *engine.network.buffers()):
                tensor.data = tensor.data.clone(memory_format=torch.preserve_format)


def _share(whole: Tensor, parts: Sequence[Tensor]) -> None:
    for part, view in zip(parts, whole.data.chunk(len(parts)), strict=True):
        part.data = view


def _chunks(gradient: Tensor | None, count: int) -> Sequence[Tensor | None]:
    return [None] * count if gradient is None else gradient.chunk(count)

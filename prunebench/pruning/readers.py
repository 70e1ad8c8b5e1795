"""Layers that read prunable channels, and samples of what they read and put out."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prunebench.pruning.dependencies import reads
from prunebench.pruning.groups import Survey

PLACES = 10
"""Places of the output map that are sampled per image (Luo et al. 2017; He et al. 2017)."""


@dataclass(frozen=True, eq=False)
class Sample:
    """What a layer reads and what it should put out, at some places.

    Attributes:
        weight: of the layer, [out, in, window].
        inputs: what it reads, [samples, in, window].
        wanted: what it puts out in the dense network, without bias, [samples, out].
        drawn: one output channel of each sample, [samples].
    """

    weight: Tensor
    inputs: Tensor
    wanted: Tensor
    drawn: Tensor

    @property
    def contributions(self) -> Tensor:
        """What each input channel adds to the drawn output, [samples, in]."""
        return torch.einsum("nck,nck->nc", self.weight[self.drawn], self.inputs)

    @property
    def target(self) -> Tensor:
        """The drawn output of the dense network, [samples]."""
        return self.wanted.gather(1, self.drawn[:, None]).flatten()


@dataclass(eq=False)
class Reader:
    """A layer that reads prunable channels.

    Attributes:
        layer: it, in a traced copy.
        reads: by group, input channels of the layer [n], and which of the group's channels each of them is [n].
    """

    layer: nn.Conv2d | nn.Linear
    reads: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)
    _places: tuple[Tensor, Tensor] = field(init=False)
    _drawn: Tensor = field(init=False)
    _wanted: Tensor = field(init=False)

    def remember(self, outputs: Tensor, generator: torch.Generator) -> None:
        """Draw places and output channels, and keep the dense network's outputs there."""
        maps = self._maps(outputs)
        count, channels, positions = maps.shape

        def draw(high: int, size: int) -> Tensor:
            return torch.randint(high, (size,), generator=generator, device=generator.device).to(maps.device)

        images = torch.arange(count, device=maps.device).repeat_interleave(min(PLACES, positions))
        self._places, self._drawn = (images, draw(positions, len(images))), draw(channels, len(images))
        self._wanted = maps[images, :, self._places[1]]
        if self.layer.bias is not None:
            self._wanted = self._wanted - self.layer.bias.detach()

    def sample(self, x: Tensor) -> Sample:
        """Return what the layer reads of `x` at the places of `remember`, beside what it should put out there."""
        images, positions = self._places
        if isinstance(self.layer, nn.Linear):
            inputs = self._maps(x)[images, :, positions][..., None]
        else:
            inputs = _windows(self.layer, x, images, positions)
        weight = self.layer.weight.detach()
        return Sample(weight.reshape(*weight.shape[:2], -1), inputs, self._wanted, self._drawn)

    def _maps(self, x: Tensor) -> Tensor:
        """Return [N, channels, positions]."""
        if isinstance(self.layer, nn.Conv2d):
            return x.flatten(2)
        return x.flatten(1, -2).transpose(1, 2) if x.dim() > 2 else x[..., None]


def readers(found: Survey) -> list[Reader]:
    """Return the convolutions and linear layers that read prunable channels."""
    by_layer: dict[nn.Module, Reader] = {}
    for name, coupled in found.coupled.items():
        for index, (dependency, inputs) in enumerate(coupled):
            layer = dependency.target.module
            if isinstance(layer, nn.Conv2d | nn.Linear) and reads(found.graph, dependency):
                channels = torch.tensor(coupled[index].root_idxs)
                by_layer.setdefault(layer, Reader(layer)).reads[name] = torch.tensor(inputs), channels
    return list(by_layer.values())


def _windows(conv: nn.Conv2d, x: Tensor, images: Tensor, positions: Tensor) -> Tensor:
    """Return the windows that a convolution sees, [samples, in, window], for positions in its flattened output map."""
    x = F.pad(x, conv._reversed_padding_repeated_twice)
    reach = conv.dilation[1] * (conv.kernel_size[1] - 1)
    width = (x.shape[3] - reach - 1) // conv.stride[1] + 1
    rows = _along(positions // width, conv, 0)[:, :, None]
    columns = _along(positions % width, conv, 1)[:, None, :]
    return x[images[:, None, None], :, rows, columns].flatten(1, 2).transpose(1, 2)


def _along(position: Tensor, conv: nn.Conv2d, axis: int) -> Tensor:
    steps = torch.arange(conv.kernel_size[axis], device=position.device) * conv.dilation[axis]
    return position[:, None] * conv.stride[axis] + steps

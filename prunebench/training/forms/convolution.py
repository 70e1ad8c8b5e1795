"""The same convolution of several networks at once, with the bits of each by itself.

Measured with PyTorch 2.11 on an AMD EPYC with AVX-512, three networks, batches of 128: forward, groups give every
network's bits. The gradient of the images has them as a forward convolution of the flipped weights, since that is what
oneDNN makes of it; a strided one, with zeros between its pixels. The gradient of the weights has them in groups from 16
channels on. At 8 channels and 8x8 pixels, ms one by one and so: 0.80 and 0.39, 0.88 and 0.44, 0.65 either way; at 16
channels nothing is gained there, and more channels lose, but at 4x4 pixels a third is gained.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prunebench.training.forms.ways import Way, chosen, cut, noise

NARROW, FEW = 16, 16
"""Channels and pixels of a map above both of which groups are slower than the networks one by one."""

_Ways: TypeAlias = tuple[Way, Way, Way]
"""To the maps, to the gradient of the images, to that of the weights."""


@dataclass(frozen=True)
class Case:
    """What convolutions of several networks have in common.

    Attributes:
        networks: how many.
        groups: of each.
        stride: rows and columns.
        padding: the same.
        dilation: the same.
    """

    networks: int
    groups: int
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]


class PackedConvolution(nn.Module):
    """Convolutions of equal shapes; reads [N, networks * inputs, H, W], writes [N, networks * outputs, H', W'].

    Attributes:
        weight: of all networks, [networks * outputs, inputs / groups, h, w].
        bias: of all networks, [networks * outputs], or None.
    """

    def __init__(self, layers: Sequence[nn.Conv2d]) -> None:
        """Copy the weights of single layers."""
        super().__init__()
        first = layers[0]
        geometry = (first.stride, cast("tuple[int, int]", first.padding), first.dilation)
        self.case = Case(len(layers), first.groups, *cast("list[tuple[int, int]]", geometry))
        weights = [layer.weight.detach() for layer in layers]
        shape = (sum(len(weight) for weight in weights), *weights[0].shape[1:])
        whole = torch.empty_strided(shape, weights[0].stride(), dtype=weights[0].dtype)
        self.weight = nn.Parameter(torch.cat(weights, out=whole))
        biases = [layer.bias.detach() for layer in layers if layer.bias is not None]
        self.bias = nn.Parameter(torch.cat(biases)) if biases else None
        self._ways: dict[torch.Size, _Ways] = {}

    def forward(self, images: Tensor) -> Tensor:
        """Return the maps of all networks."""
        if not torch.is_grad_enabled():
            return _maps(_forward(images, self.weight, self.bias, self.case), images, self.weight, self.bias, self.case)
        if images.shape not in self._ways:
            self._ways[images.shape] = _trained(images, self.weight, self.bias, self.case)
        ways = self._ways[images.shape]
        if ways == _GROUPED:
            return _forward_grouped(images, self.weight, self.bias, self.case)[0]
        maps: Tensor = _Convolve.apply(images, self.weight, self.bias, self.case, ways)
        return maps


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, bias: Tensor | None, case: Case, ways: _Ways) -> Tensor:
        ctx.save_for_backward(images, weight)
        ctx.rest = bias is not None, case, ways
        return _maps(ways[0], images, weight, bias, case)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (images, weight), (biased, case, ways) = ctx.saved_tensors, ctx.rest
        arguments = (gradient.contiguous(memory_format=torch.channels_last), images, weight, biased, case)
        if not ctx.needs_input_grad[0]:
            return None, *ways[2](*arguments), None, None
        if ways[1:] == (_images_singly, _weights_singly):
            return *_singly(*arguments, (True, True)), None, None
        if ways[1:] == _GROUPED[1:]:
            return *_gradients(*arguments, case.networks * case.groups, (True, True)), None, None
        return *ways[1](*arguments), *ways[2](*arguments), None, None


def _maps(way: Way, images: Tensor, weight: Tensor, bias: Tensor | None, case: Case) -> Tensor:
    return cast("Tensor", way(images, weight, bias, case)[0])


def _trained(images: Tensor, weight: Tensor, bias: Tensor | None, case: Case) -> _Ways:
    """Return the ways to the maps and to the gradients of images and of weights."""
    forward = _forward(images, weight, bias, case)
    with torch.no_grad():
        maps = _maps(forward, images, weight, bias, case)
    if maps[0, 0].numel() == 1:
        return forward, _images_singly, _weights_singly  # its gradient may lie in memory in any order

    def draw() -> tuple[Any, ...]:
        gradient = noise(maps).contiguous(memory_format=torch.channels_last)
        return gradient, noise(images), noise(weight), bias is not None, case

    key, tried = _key(images, weight, bias, case), _tried(images, case)
    return forward, chosen(_IMAGES[-tried:], key, draw), chosen(_WEIGHTS[-tried:], key, draw)


def _key(images: Tensor, weight: Tensor, bias: Tensor | None, case: Case) -> Hashable:
    return images.shape, images.stride(), weight.shape, weight.stride(), bias is None, images.dtype, case


def _tried(images: Tensor, case: Case) -> int:
    """Return how many of the ways are tried, from the last on."""
    wide, pixels = images.shape[1] > case.networks * NARROW, images.shape[2] * images.shape[3]
    return 1 if wide and pixels > FEW else 3


def _forward(images: Tensor, weight: Tensor, bias: Tensor | None, case: Case) -> Way:
    def draw() -> tuple[Any, ...]:
        return noise(images), noise(weight), None if bias is None else noise(bias), case

    return chosen(
        _FORWARD[-_tried(images, case) :],
        (images.shape, images.stride(), weight.shape, weight.stride(), bias is None, images.dtype, case),
        draw,
    )


def _forward_singly(images: Tensor, weight: Tensor, bias: Tensor | None, case: Case) -> tuple[Tensor]:
    biases = [None] * case.networks if bias is None else bias.chunk(case.networks)
    parts = zip(cut(images, case.networks), weight.chunk(case.networks), biases, strict=True)
    form = (case.stride, case.padding, case.dilation, case.groups)
    return (torch.cat([F.conv2d(x, w, b, *form) for x, w, b in parts], 1),)


def _forward_grouped(images: Tensor, weight: Tensor, bias: Tensor | None, case: Case) -> tuple[Tensor]:
    return (F.conv2d(images, weight, bias, case.stride, case.padding, case.dilation, case.networks * case.groups),)


_FORWARD: tuple[Way, ...] = (_forward_grouped, _forward_singly)


def _gradients(
    gradient: Tensor, images: Tensor, weight: Tensor, biased: bool, case: Case, groups: int, wanted: tuple[bool, bool]
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of images, weights and biases; those that are not wanted are None."""
    sizes = [len(weight)] if biased else None
    mask = [*wanted, wanted[1] and biased]
    geometry = (case.stride, case.padding, case.dilation, False, (0, 0), groups)
    found: tuple[Tensor, Tensor, Tensor] = torch.ops.aten.convolution_backward(
        gradient, images, weight, sizes, *geometry, mask
    )
    return found


def _singly(
    gradient: Tensor, images: Tensor, weight: Tensor, biased: bool, case: Case, wanted: tuple[bool, bool]
) -> tuple[Tensor | None, ...]:
    """Return the gradients of images, weights and biases, network by network."""
    parts = zip(cut(gradient, case.networks), cut(images, case.networks), weight.chunk(case.networks), strict=True)
    found = [_gradients(*part, biased, case, case.groups, wanted) for part in parts]
    columns = enumerate(zip(*found, strict=True))
    return tuple(None if each[0] is None else torch.cat(each, 0 if i else 1) for i, each in columns)


def _images_singly(gradient: Tensor, images: Tensor, weight: Tensor, biased: bool, case: Case) -> tuple[Tensor | None]:
    return (_singly(gradient, images, weight, biased, case, (True, False))[0],)


def _images_grouped(gradient: Tensor, images: Tensor, weight: Tensor, biased: bool, case: Case) -> tuple[Tensor]:
    return (_gradients(gradient, images, weight, biased, case, case.networks * case.groups, (True, False))[0],)


def _images_flipped(gradient: Tensor, images: Tensor, weight: Tensor, biased: bool, case: Case) -> tuple[Tensor]:
    groups = case.networks * case.groups
    outputs, (inputs, *kernel) = len(weight) // groups, weight.shape[1:]
    flipped = weight.view(groups, outputs, inputs, *kernel).transpose(1, 2).flip(3, 4)
    flipped = flipped.reshape(groups * inputs, outputs, *kernel).contiguous(memory_format=torch.channels_last)
    reach = [d * (size - 1) for d, size in zip(case.dilation, kernel, strict=True)]
    padding = [r - p for r, p in zip(reach, case.padding, strict=True)]
    if case.stride != (1, 1):
        gradient = _spread(gradient, images, reach, case)
    return (F.conv2d(gradient, flipped, None, 1, padding, case.dilation, groups),)


def _spread(gradient: Tensor, images: Tensor, reach: Sequence[int], case: Case) -> Tensor:
    """Return a gradient with zeros between its pixels, as large as without a stride."""
    sides = [n + 2 * p - r for n, p, r in zip(images.shape[2:], case.padding, reach, strict=True)]
    wide = gradient.new_zeros(*gradient.shape[:2], *sides).contiguous(memory_format=torch.channels_last)
    wide[:, :, :: case.stride[0], :: case.stride[1]] = gradient
    return wide


_IMAGES: tuple[Way, ...] = (_images_grouped, _images_flipped, _images_singly)


def _weights_singly(
    gradient: Tensor, images: Tensor, weight: Tensor, biased: bool, case: Case
) -> tuple[Tensor | None, ...]:
    return _singly(gradient, images, weight, biased, case, (False, True))[1:]


def _weights_grouped(
    gradient: Tensor, images: Tensor, weight: Tensor, biased: bool, case: Case
) -> tuple[Tensor | None, ...]:
    return _gradients(gradient, images, weight, biased, case, case.networks * case.groups, (False, True))[1:]


_WEIGHTS: tuple[Way, ...] = (_weights_grouped, _weights_singly)

_GROUPED: _Ways = (_forward_grouped, _images_grouped, _weights_grouped)

"""Parameters and FLOPs of a network, by the paper's convention (its `compute_flops.py`)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Cost:
    """What a network costs.

    Attributes:
        parameters: trainable numbers.
        flops: operations per image: 2 per multiply-accumulate and 1 per bias of convolutions and linear layers, 2 per
            element of BatchNorm2d, 1 per element of ReLU, the window's size per output element of pooling modules
            (global pools that change nothing count as absent). Nothing else counts, not even functional pools and
            additions.
        macs: multiply-accumulates per image of convolutions and linear layers.
    """

    parameters: int
    flops: int
    macs: int


def count(network: nn.Module, example: Tensor, nonzero: bool = False) -> Cost:
    """Count by one forward pass in evaluation mode; the network is left exactly as it was.

    Args:
        network: any network of modules.
        example: images on the network's device (or the meta device), shape [N, C, H, W]; costs are per image.
        nonzero: leave out the zeros among the weights of convolutions, as the paper's code does for masked networks
            (weight-level and most ImageNet sub-projects); everything else counts in full (protocols 1).
    """
    macs = flops = 0

    def hook(layer: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        nonlocal macs, flops
        multiplied, other = _operations(layer, inputs[0], output, nonzero)
        macs, flops = macs + multiplied, flops + 2 * multiplied + other

    handles = [m.register_forward_hook(hook) for m in network.modules()]
    try:
        with _evaluation(network), torch.no_grad():
            network(example)
    finally:
        for handle in handles:
            handle.remove()
    images, parameters = example.shape[0], sum(p.numel() for p in network.parameters())
    if nonzero:
        parameters -= sum(m.weight.numel() - _weights(m, True) for m in network.modules() if isinstance(m, nn.Conv2d))
    return Cost(parameters, flops // images, macs // images)


def _weights(layer: nn.Conv2d, nonzero: bool) -> int:
    return int(layer.weight.count_nonzero()) if nonzero else layer.weight.numel()


def _operations(layer: nn.Module, x: Tensor, y: Tensor, nonzero: bool) -> tuple[int, int]:
    """Return the multiply-accumulates and the other operations of one call."""
    if isinstance(layer, nn.Conv2d):
        return y.numel() // layer.out_channels * _weights(layer, nonzero), y.numel() * (layer.bias is not None)
    if isinstance(layer, nn.Linear):
        return y.numel() * layer.in_features, y.numel() * (layer.bias is not None)
    if isinstance(layer, nn.BatchNorm2d):
        return 0, 2 * x.numel()
    if isinstance(layer, nn.ReLU):
        return 0, x.numel()
    if isinstance(layer, nn.MaxPool2d | nn.AvgPool2d):
        size = layer.kernel_size
        return 0, y.numel() * (size * size if isinstance(size, int) else math.prod(size))
    if isinstance(layer, nn.AdaptiveAvgPool2d):
        return 0, x.numel() * (x.shape != y.shape)  # the paper's AvgPool2d(8) over a map of 8x8, at any size of the map
    return 0, 0


@contextmanager
def _evaluation(network: nn.Module) -> Iterator[None]:
    training = [m for m in network.modules() if m.training]
    network.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True

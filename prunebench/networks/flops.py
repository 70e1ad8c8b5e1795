"""Parameters and FLOPs of a network, by the paper's convention (its `compute_flops.py`) where that misses nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from prunebench.common.errors import PrunebenchError
from prunebench.networks.dispatched import multiplied

Convention: TypeAlias = Literal["paper", "dispatcher"]

MISSED = 0.01
"""Share of the multiply-accumulates that the paper's convention may miss, or count too many, and still be used."""


@dataclass(frozen=True)
class Cost:
    """What a network costs.

    Attributes:
        parameters: trainable numbers.
        flops: operations per image. By the paper's convention 2 per multiply-accumulate and 1 per bias of `Conv2d` and
            `Linear`, 2 per element of BatchNorm2d, 1 per element of ReLU, the window's size per output element of
            pooling modules (global pools that change nothing count as absent); nothing else counts, not even functional
            pools and additions. By the dispatcher's 2 per multiply-accumulate of every convolution, product of matrices
            and attention that PyTorch carries out, whoever calls it; nothing else counts.
        macs: multiply-accumulates per image, of what the convention counts.
        convention: `paper`, or `dispatcher` where the paper's would differ by more than `MISSED`.
    """

    parameters: int
    flops: int
    macs: int
    convention: Convention = "paper"


def count(network: nn.Module, example: Tensor, nonzero: bool = False, convention: Convention | None = None) -> Cost:
    """Count by one forward pass in evaluation mode; the network is left exactly as it was.

    Args:
        network: any network.
        example: images on the network's device (or the meta device), shape [N, C, H, W]; costs are per image.
        nonzero: leave out the zeros among the weights of convolutions, as the paper's code does for masked networks
            (weight-level and most ImageNet sub-projects); everything else counts in full (protocols 1).
        convention: what is counted; None for the paper's where it misses nothing, else the dispatcher's.
    """
    zeros = macs = flops = 0

    def hook(layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        nonlocal zeros, macs, flops
        if inputs and isinstance(inputs[0], Tensor) and isinstance(output, Tensor):
            of_layer, other = _operations(layer, inputs[0], output)
            masked = _masked(layer, output) if nonzero else 0
            zeros, macs, flops = zeros + masked, macs + of_layer, flops + 2 * of_layer + other

    handles = [m.register_forward_hook(hook) for m in network.modules()]
    try:
        with _evaluation(network), torch.no_grad(), multiplied() as dispatched:
            network(example)
    finally:
        for handle in handles:
            handle.remove()
    images, parameters = example.shape[0], sum(p.numel() for p in network.parameters())
    if nonzero:
        parameters -= sum(_zeros(m) for m in network.modules() if isinstance(m, nn.Conv2d))
    seen = sum(dispatched)
    if (convention or ("paper" if abs(macs - seen) <= MISSED * seen else "dispatcher")) == "dispatcher":
        macs, flops = seen, 2 * seen
        return Cost(parameters, (flops - 2 * zeros) // images, (macs - zeros) // images, "dispatcher")
    return Cost(parameters, (flops - 2 * zeros) // images, (macs - zeros) // images)


def counted(dense: nn.Module, pruned: nn.Module, example: Tensor, nonzero: bool = False) -> tuple[Cost, Cost]:
    """Count a network and what is left of it by the same convention, as `count`.

    Raises:
        PrunebenchError: one of them has no FLOPs.
    """
    costs = count(dense, example), count(pruned, example, nonzero)
    if costs[0].convention != costs[1].convention:
        costs = count(dense, example, convention="dispatcher"), count(pruned, example, nonzero, "dispatcher")
    for what, cost in zip(("the network", "what the plan leaves of the network"), costs, strict=True):
        if not cost.flops:
            raise PrunebenchError(
                f"{what} has no FLOPs: no convolution, linear layer, product of matrices or attention runs in its "
                "forward pass, so that there is nothing to compare; prune less, or give another network"
            )
    return costs


def uncounted(network: nn.Module, convention: Convention) -> list[str]:
    """Return the kinds of layers in a network that a convention counts nothing for."""
    paper = (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
    multiplying = (nn.modules.conv._ConvNd, nn.Linear, nn.RNNBase, nn.MultiheadAttention)
    known = (*(paper if convention == "paper" else multiplying), nn.Identity, nn.Flatten, nn.Dropout)
    leaves = [module for module in network.modules() if not any(True for _ in module.children())]
    return sorted({type(module).__name__ for module in leaves if not isinstance(module, known)})


def _zeros(layer: nn.Conv2d) -> int:
    return layer.weight.numel() - int(layer.weight.count_nonzero())


def _masked(layer: nn.Module, y: Tensor) -> int:
    return y.numel() // layer.out_channels * _zeros(layer) if isinstance(layer, nn.Conv2d) else 0


def _operations(layer: nn.Module, x: Tensor, y: Tensor) -> tuple[int, int]:
    """Return the multiply-accumulates and the other operations of one call."""
    if isinstance(layer, nn.Conv2d):
        return y.numel() // layer.out_channels * layer.weight.numel(), y.numel() * (layer.bias is not None)
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

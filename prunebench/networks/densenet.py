"""DenseNet for CIFAR (Huang et al. 2017), with the channel selection of network slimming or without."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunebench.networks.initialisation import Family
from prunebench.networks.layers import conv1x1, conv3x3, read, slimmed

BLOCKS = 3
"""Dense blocks of the CIFAR networks (Huang et al. 2017)."""

EXPANSION = 4
"""Width of a bottleneck over the growth (Huang et al. 2017)."""


class DenseLayer(nn.Module):
    """A 3x3 convolution that reads the trunk, through a bottleneck or not, and appends its output to it."""

    def __init__(self, inputs: int, growth: int, bottleneck: bool, select: bool) -> None:
        super().__init__()
        self.read = read(inputs, select)
        self.conv = _bottleneck(inputs, growth) if bottleneck else conv3x3(inputs, growth)

    def forward(self, x: Tensor) -> Tensor:
        """Return the longer trunk."""
        return torch.cat([x, self.conv(self.read(x))], 1)


def _bottleneck(inputs: int, growth: int) -> nn.Sequential:
    width = EXPANSION * growth
    parts = {"conv1": conv1x1(inputs, width), "norm": nn.BatchNorm2d(width), "relu": nn.ReLU()}
    return nn.Sequential(OrderedDict({**parts, "conv2": conv3x3(width, growth)}))


class Transition(nn.Module):
    """A 1x1 convolution between two blocks, and half the resolution."""

    def __init__(self, inputs: int, outputs: int, select: bool) -> None:
        super().__init__()
        self.read, self.conv = read(inputs, select), conv1x1(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return the next block's trunk."""
        return functional.avg_pool2d(self.conv(self.read(x)), 2)


class DenseNet(Family):
    """Three dense blocks (Huang et al. 2017; DenseNet-40 has growth 12 and 12 basic layers per block).

    "DenseNet-BC-100" has growth 12, 16 bottleneck layers per block and compression 0.5 (769,162 parameters). The
    command in the paper's README builds 32 basic layers per block with compression 0.5 instead (4,068,490 parameters).
    Which of them the paper used is not known (protocols Q2); both can be named.

    Args:
        channels: channels of the images.
        classes: number of classes.
        growth: channels that each layer appends; the trunk starts with twice as many.
        layers: layers per block.
        bottleneck: put a 1x1 convolution to four times the growth before each layer's 3x3 convolution.
        compression: share of the trunk's width that a transition keeps.
        form: `slimming` reads the trunk through channel selections and starts with scales of 0.5; `weight_level` has no
            selections and scales of 1 (protocols 3 and 4).

    Raises:
        PrunebenchError: there is no such form.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        growth: int,
        layers: int,
        bottleneck: bool = False,
        compression: float = 1.0,
        form: str = "slimming",
    ) -> None:
        super().__init__()
        select, trunk = slimmed("densenet", form), 2 * growth
        self.norm_scale = 0.5 if select else 1.0
        self.stem = conv3x3(channels, trunk)
        stack: list[nn.Module] = []
        for block in range(BLOCKS):
            if block > 0:
                stack.append(Transition(trunk, int(trunk * compression), select))
                trunk = int(trunk * compression)
            for _ in range(layers):
                stack.append(DenseLayer(trunk, growth, bottleneck, select))
                trunk += growth
        self.layers = nn.Sequential(*stack)
        self.read = read(trunk, select)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(trunk, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, shape [N, classes], of images of shape [N, channels, H, W]."""
        logits: Tensor = self.classifier(self.pool(self.read(self.layers(self.stem(x)))).flatten(1))
        return logits

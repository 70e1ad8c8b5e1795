"""DenseNet for CIFAR (Huang et al. 2017), with the channel selection of network slimming."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunebench.networks.initialisation import Family
from prunebench.networks.layers import conv3x3, read

BLOCKS = 3
"""Dense blocks of the CIFAR networks (Huang et al. 2017, sec. 3)."""


class DenseLayer(nn.Module):
    """A 3x3 convolution that reads the trunk and appends its output to it."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.read, self.conv = read(inputs), conv3x3(inputs, growth)

    def forward(self, x: Tensor) -> Tensor:
        """Return the longer trunk."""
        return torch.cat([x, self.conv(self.read(x))], 1)


class Transition(nn.Module):
    """A 1x1 convolution between two blocks, and half the resolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read, self.conv = read(width), nn.Conv2d(width, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the next block's trunk."""
        return functional.avg_pool2d(self.conv(self.read(x)), 2)


class DenseNet(Family):
    """Three dense blocks of basic layers, no compression (Huang et al. 2017; DenseNet-40 has growth 12 and 12 layers).

    Args:
        channels: channels of the images.
        classes: number of classes.
        growth: channels that each layer appends; the trunk starts with twice as many.
        layers: layers per block.
    """

    def __init__(self, channels: int, classes: int, growth: int, layers: int) -> None:
        super().__init__()
        trunk = 2 * growth
        self.stem = conv3x3(channels, trunk)
        stack: list[nn.Module] = []
        for block in range(BLOCKS):
            if block > 0:
                stack.append(Transition(trunk))
            for _ in range(layers):
                stack.append(DenseLayer(trunk, growth))
                trunk += growth
        self.layers = nn.Sequential(*stack)
        self.read = read(trunk)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(trunk, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, shape [N, classes], of images of shape [N, channels, H, W]."""
        logits: Tensor = self.classifier(self.pool(self.read(self.layers(self.stem(x)))).flatten(1))
        return logits

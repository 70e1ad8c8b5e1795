"""Layers that several families share."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn


class ChannelSelection(nn.Module):
    """Reads a subset of the channels of a trunk that keeps its width (network slimming, Liu et al. 2017).

    The paper counts the indices of a network's selections among its parameters; they are never trained.

    Attributes:
        channels: width of the input.
        indices: channels that are passed on, ascending; shape [kept], long.
    """

    indices: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.register_buffer("indices", torch.arange(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return the selected channels of `x`, whose shape is [N, channels, H, W]."""
        if len(self.indices) == self.channels:
            return x.view_as(x)  # copies nothing, and unlike `x` itself leaves a node in the traced graph
        return x.index_select(1, self.indices)

    def extra_repr(self) -> str:
        """Show the widths."""
        return f"{self.channels}, kept={len(self.indices)}"


def read(channels: int) -> nn.Sequential:
    """Return pre-activation with channel selection: how a layer reads a trunk of `channels` channels."""
    parts = {"norm": nn.BatchNorm2d(channels), "select": ChannelSelection(channels), "relu": nn.ReLU()}
    return nn.Sequential(OrderedDict(parts))


def conv3x3(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """Return a padded 3x3 convolution without bias."""
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)

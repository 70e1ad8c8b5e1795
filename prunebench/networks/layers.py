"""Layers that several families share."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunebench.common.errors import PrunebenchError


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


def read(channels: int, select: bool = True) -> nn.Sequential:
    """Return pre-activation, with channel selection or without: how a layer reads a trunk of `channels` channels."""
    selection = {"select": ChannelSelection(channels)} if select else {}
    return nn.Sequential(OrderedDict({"norm": nn.BatchNorm2d(channels), **selection, "relu": nn.ReLU()}))


def slimmed(family: str, form: str) -> bool:
    """Return whether a network of this form has channel selections.

    Raises:
        PrunebenchError: the form is neither `slimming` nor `weight_level`.
    """
    if form not in ("slimming", "weight_level"):
        raise PrunebenchError(f"network {family}: form {form!r} is unknown; valid are slimming and weight_level")
    return form == "slimming"


def conv3x3(inputs: int, outputs: int, stride: int = 1, bias: bool = False) -> nn.Conv2d:
    """Return a padded 3x3 convolution."""
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=bias)


def conv1x1(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """Return a 1x1 convolution without bias."""
    return nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)


class PaddedShortcut(nn.Module):
    """A shortcut without weights to half the resolution and more channels, which are zero (He et al. 2016a, option A).

    Attributes:
        inputs: channels of the input.
        outputs: channels of the output.
        detached: pool by averages and let no gradient through, as the paper's L1-norm networks do (protocols Q11),
            where option A takes every second pixel.
    """

    def __init__(self, inputs: int, outputs: int, detached: bool) -> None:
        super().__init__()
        self.inputs, self.outputs, self.detached = inputs, outputs, detached

    def forward(self, x: Tensor) -> Tensor:
        """Return shape [N, outputs, H/2, W/2], rounded up, from [N, inputs, H, W]."""
        pooled = functional.avg_pool2d(x, 2, ceil_mode=True) if self.detached else x[:, :, ::2, ::2]
        padded = functional.pad(pooled, (0, 0, 0, 0, 0, self.outputs - self.inputs))
        return stop_gradient(padded) if self.detached else padded

    def extra_repr(self) -> str:
        """Show the widths."""
        return f"{self.inputs}, {self.outputs}, detached={self.detached}"


class _StopGradient(torch.autograd.Function):
    """`detach` that leaves a node in the traced graph, so that surgery sees the shortcut."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> None:
        return None


def stop_gradient(x: Tensor) -> Tensor:
    """Return `x`, through which no gradient passes."""
    stopped: Tensor = _StopGradient.apply(x)
    return stopped

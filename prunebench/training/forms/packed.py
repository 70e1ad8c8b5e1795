"""Networks of one architecture as one network, whose channels are theirs side by side.

CPU time of a step of three trainings one by one over that of the three packed, and the same of six; one core of an AMD
EPYC with AVX-512, PyTorch 2.11, tier smoke (8x8 pixels, batch 128):

| VGG-11 | VGG-16 | VGG-19 | ResNet-20 | ResNet-32 | ResNet-50 | ResNet-56 | ResNet-110 | PreResNet-56 | PreResNet-164 |
|---|---|---|---|---|---|---|---|---|---|
| 1.30 | 1.29 | 1.25 | 1.25 | 1.26 | 1.27 | 1.30 | 1.30 | 1.08 | 1.08 |
| 1.52 | 1.40 | 1.31 | 1.31 | 1.44 | 1.40 | 1.35 | 1.34 | 1.15 | 1.21 |

DenseNet-40 (1.03) and MobileNetV2 (1.08) are left out. With larger images little is left of it: VGG-19 and ResNet-56
gain 1.10 and 1.13 at 16x16 pixels, 1.02 at 28x28, and a ResNet-20 at CIFAR's size loses (0.81). Groups whose bits need
not be those of each network by itself would gain more, 1.3 (VGG-19) to 2.0 (ResNet-32).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from prunebench.networks.layers import ChannelSelection, PaddedShortcut, stop_gradient
from prunebench.networks.preresnet import Bottleneck, PreResNet
from prunebench.networks.resnet import BasicBlock, ResNet
from prunebench.networks.vgg import VGG
from prunebench.training.forms.convolution import PackedConvolution
from prunebench.training.forms.normalisation import PackedNormalisation
from prunebench.training.forms.ways import cut

WIDEST = 64
"""Channels of a layer up to which packing is tried; wider ones are as fast one by one."""

PIXELS = 256
"""Pixels of an image up to which packing gains time."""

NARROWEST = 2
"""Channels of a layer from which packing is tried: maps of a single one lie in memory in any order, and libraries take
other kernels for them."""

_WHOLES = (nn.Sequential, ResNet, BasicBlock, PreResNet, Bottleneck)
"""What only calls its layers, and adds what they return."""

_ALIKE = (nn.ReLU, nn.MaxPool2d, nn.Identity)
"""What treats each channel by itself, and holds nothing."""


class PackedLinear(nn.Module):
    """Linear layers of equal shapes, one after the other; reads [N, networks * inputs]."""

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        """Copy the weights of single layers, which have biases."""
        super().__init__()
        self.networks = len(layers)
        self.weight = nn.Parameter(torch.cat([layer.weight.detach() for layer in layers]))
        self.bias = nn.Parameter(torch.cat([layer.bias.detach() for layer in layers]))

    def forward(self, features: Tensor) -> Tensor:
        """Return [N, networks * outputs]."""
        parts = (features.chunk(self.networks, 1), self.weight.chunk(self.networks), self.bias.chunk(self.networks))
        return torch.cat([F.linear(x.contiguous(), w, b) for x, w, b in zip(*parts, strict=True)], 1)


class PackedPooling(nn.Module):
    """The same pooling of each network by itself: how numbers are added depends on how many channels there are."""

    def __init__(self, layers: Sequence[nn.AdaptiveAvgPool2d]) -> None:
        """Take over what single layers do."""
        super().__init__()
        self.networks, self.single = len(layers), layers[0]

    def forward(self, maps: Tensor) -> Tensor:
        """Return the pooled maps of all networks."""
        return torch.cat([self.single(part) for part in cut(maps, self.networks)], 1)


class PackedVGG(nn.Module):
    """VGGs whose maps are averaged over all pixels."""

    def __init__(self, networks: Sequence[VGG]) -> None:
        """Pack the parts."""
        super().__init__()
        self.networks = len(networks)
        self.features, self.hidden, self.classifier = (
            pack([getattr(network, part) for network in networks]) for part in ("features", "hidden", "classifier")
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of all networks, [N, networks * classes]."""
        parts = cut(self.features(images), self.networks)
        logits: Tensor = self.classifier(self.hidden(torch.cat([maps.mean((2, 3)) for maps in parts], 1)))
        return logits


class PackedSelection(nn.Module):
    """Selections of equally many channels, each of its own."""

    indices: Tensor

    def __init__(self, layers: Sequence[ChannelSelection]) -> None:
        """Note which channels of all networks are passed on."""
        super().__init__()
        self.channels = sum(layer.channels for layer in layers)
        starts = range(0, self.channels, layers[0].channels)
        chosen = [layer.indices + start for layer, start in zip(layers, starts, strict=True)]
        self.register_buffer("indices", torch.cat(chosen), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Return the selected channels."""
        return maps if len(self.indices) == self.channels else maps.index_select(1, self.indices)


class PackedShortcut(nn.Module):
    """Shortcuts without weights, `PaddedShortcut`: zeros follow the channels of each network."""

    def __init__(self, layers: Sequence[PaddedShortcut]) -> None:
        """Note the widths."""
        super().__init__()
        self.networks, self.single = len(layers), layers[0]

    def forward(self, maps: Tensor) -> Tensor:
        """Return shape [N, networks * outputs, H/2, W/2], rounded up."""
        one = self.single
        pooled = F.avg_pool2d(maps, 2, ceil_mode=True) if one.detached else maps[:, :, ::2, ::2]
        rows = pooled.permute(0, 2, 3, 1)
        each = rows.reshape(*rows.shape[:3], self.networks, one.inputs)
        padded = F.pad(each, (0, one.outputs - one.inputs)).flatten(3).permute(0, 3, 1, 2)
        return stop_gradient(padded) if one.detached else padded


_PACKED: dict[type[nn.Module], Callable[[Any], nn.Module]] = {
    nn.Conv2d: PackedConvolution,
    nn.BatchNorm1d: PackedNormalisation,
    nn.BatchNorm2d: PackedNormalisation,
    nn.Linear: PackedLinear,
    nn.AdaptiveAvgPool2d: PackedPooling,
    VGG: PackedVGG,
    ChannelSelection: PackedSelection,
    PaddedShortcut: PackedShortcut,
}


def packable(network: nn.Module) -> bool:
    """Return whether every layer has a packed form that gains time: VGGs and ResNets as narrow as on small images."""
    return all(_known(layer) for layer in network.modules())


def _known(layer: nn.Module) -> bool:
    if type(layer) is nn.Conv2d:
        plain = layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
        return plain and layer.in_channels <= WIDEST and NARROWEST <= layer.out_channels <= WIDEST
    if isinstance(layer, ChannelSelection):
        return len(layer.indices) >= NARROWEST
    if isinstance(layer, _BatchNorm):
        return type(layer) in _PACKED and layer.affine and layer.track_running_stats and layer.momentum is not None
    if type(layer) is nn.Linear:
        return layer.bias is not None
    if isinstance(layer, VGG):
        return layer.side == 1
    return type(layer) in (*_WHOLES, *_ALIKE, *_PACKED)


def pack(layers: Sequence[nn.Module]) -> nn.Module:
    """Return one module that does what several of equal shapes do; names of parameters and buffers stay.

    Args:
        layers: whole networks that are `packable`, or the same part of each.
    """
    first = layers[0]
    if type(first) in _PACKED:
        return _PACKED[type(first)](layers)
    if isinstance(first, nn.ReLU):
        return nn.ReLU(inplace=True)  # no layer before it keeps its own output
    if type(first) in _ALIKE:
        return first
    whole = copy(first)
    names = [name for name, _ in first.named_children()]
    parts = {name: pack([cast("nn.Module", layer._modules[name]) for layer in layers]) for name in names}
    vars(whole)["_modules"] = parts
    return whole

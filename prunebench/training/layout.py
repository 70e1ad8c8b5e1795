"""In which order the numbers of images and weights lie in memory."""

from __future__ import annotations

import torch
from torch import nn

from prunebench.networks.own import known
from prunebench.networks.vgg import VGG

WIDE = 256
"""Channels from which a layer of VGG is faster channels-first on a CPU. Images per second of one core of an Intel Xeon
with AVX-512, channels-last and channels-first: VGG-16 52 and 62, VGG-19 43 and 50; but DenseNet-40 33 and 26,
PreResNet-164 26 and 22, ResNet-18 39 and 37, and VGG-19 as narrow as in tier smoke 16,800 and 12,700."""


def layout(network: nn.Module) -> torch.memory_format:
    """Return channels-last, as is faster on GPUs and for most networks on CPUs, or channels-first for wide VGGs there.

    It follows from the network alone and not from a trial, so that a training comes out the same each time. A user's
    network keeps its own: its code may hold only for that (`view(n, -1)` of a map that lies channels-last fails).
    """
    if not known(network):
        return _own(network)
    wide = isinstance(network, VGG) and any(
        layer.out_channels >= WIDE for layer in network.modules() if isinstance(layer, nn.Conv2d)
    )
    on_cpu = next(network.parameters()).device.type == "cpu"
    return torch.contiguous_format if wide and on_cpu else torch.channels_last


def _own(network: nn.Module) -> torch.memory_format:
    """Return the layout that the weights have."""
    maps = [weight for weight in network.parameters() if weight.dim() == 4 and not weight.is_contiguous()]
    last = maps and all(weight.is_contiguous(memory_format=torch.channels_last) for weight in maps)
    return torch.channels_last if last else torch.contiguous_format

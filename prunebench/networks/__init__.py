"""Dense architectures by name: one class per family, widths and depths as data; there is no 'pruned' class."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from torch import nn

from prunebench.common.errors import PrunebenchError, UnknownNameError
from prunebench.networks.densenet import DenseNet
from prunebench.networks.imagenet import from_torchvision
from prunebench.networks.initialisation import drawable, fresh, initialise
from prunebench.networks.layers import ChannelSelection, PaddedShortcut
from prunebench.networks.mobilenet import MobileNetV2
from prunebench.networks.own import built
from prunebench.networks.preresnet import PreResNet
from prunebench.networks.resnet import ResNet
from prunebench.networks.vgg import VGG
from prunebench.specs import experiment

__all__ = ["ChannelSelection", "PaddedShortcut", "build", "drawable", "fresh", "initialise"]

_FAMILIES: dict[str, Callable[..., nn.Module]] = {
    "densenet": DenseNet,
    "mobilenet": MobileNetV2,
    "preresnet": PreResNet,
    "resnet": ResNet,
    "torchvision": from_torchvision,
    "vgg": VGG,
}


def build(network: experiment.Network, channels: int, classes: int) -> nn.Module:
    """Return a dense network, with PyTorch's default weights; `initialise` draws the family's.

    Args:
        network: family and options.
        channels: channels of the images.
        classes: number of classes.

    Raises:
        UnknownNameError: there is no such family.
        PrunebenchError: an option is unknown, missing or wrong; names the valid ones.
    """
    if network.source:
        return built(network, channels, classes)
    if network.family not in _FAMILIES:
        raise UnknownNameError("network", network.family, _FAMILIES)
    family, given = _FAMILIES[network.family], network.options.as_dict()
    valid = {name: p for name, p in inspect.signature(family).parameters.items() if name not in ("channels", "classes")}
    required = [name for name, p in valid.items() if p.default is p.empty]
    for name in [*given, *required]:
        if name not in valid or name not in given:
            what = "unknown" if name in given else "missing"
            raise PrunebenchError(
                f"network {network.family}: option {name!r} is {what}; options are {', '.join(valid)}"
            )
    return family(channels, classes, **given)

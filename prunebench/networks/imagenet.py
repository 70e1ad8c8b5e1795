"""Torchvision's classifiers, untrained: the paper's ImageNet networks and any other by name.

Torchvision takes as long to import as torch itself, so that it is left until it is used.
"""

from __future__ import annotations

from collections import OrderedDict
from difflib import get_close_matches

from torch import nn

from prunebench.common.errors import PrunebenchError
from prunebench.networks.layers import ChannelSelection

_SMALL_LINEAR_STD = ("vgg", "mobilenet_v2")
_WITH_AUXILIARIES = ("googlenet", "inception_v3")


def from_torchvision(
    channels: int, classes: int, name: str, selection: bool = False, downsample_bias: bool = False
) -> nn.Module:
    """Any classifier of torchvision by name, untrained (ResNet-34 and -50: He et al. 2016a; VGG: Simonyan et al. 2015).

    `initialise` draws its weights as the paper's sub-projects do: convolutions for their output channels, scales of 1,
    linear layers of VGGs from N(0, 0.01) and of others by PyTorch's rule.

    Args:
        channels: channels of the images.
        classes: number of classes.
        name: as in `torchvision.models.list_models()`; auxiliary classifiers are left out.
        selection: let each block of a ResNet read its trunk through a channel selection, which regression pruning's
            ResNet-50-2x needs (protocols 7).
        downsample_bias: give the shortcut convolutions of a ResNet a bias, as the paper's ThiNet and regression models
            have it (`thinetresnet.py`, `resnet_2x.py`); He et al. and torchvision have none.

    Raises:
        PrunebenchError: torchvision has no such classifier, or it is no ResNet and an option is for ResNets.
    """
    import torchvision

    valid = torchvision.models.list_models(module=torchvision.models)
    if name not in valid:
        near = get_close_matches(name, valid, n=3) or valid
        raise PrunebenchError(f"torchvision has no classifier {name!r}; did you mean {', '.join(near)}?")
    bare = {"aux_logits": False, "init_weights": False} if name in _WITH_AUXILIARIES else {}
    network: nn.Module = torchvision.models.get_model(name, weights=None, num_classes=classes, **bare)
    _set_channels(network, channels)
    if selection or downsample_bias:
        _adapt_blocks(network, name, selection, downsample_bias)
    if name.startswith(_SMALL_LINEAR_STD):
        vars(network)["linear_std"] = 0.01  # `initialise` asks for it
    return network


def _set_channels(network: nn.Module, channels: int) -> None:
    name, first = next((name, m) for name, m in network.named_modules() if isinstance(m, nn.Conv2d))
    if first.in_channels != channels:
        network.set_submodule(name, _like(first, channels, first.bias is not None))


def _adapt_blocks(network: nn.Module, name: str, selection: bool, downsample_bias: bool) -> None:
    from torchvision.models.resnet import BasicBlock, Bottleneck

    blocks = [m for m in network.modules() if isinstance(m, BasicBlock | Bottleneck)]
    if not blocks:
        raise PrunebenchError(f"network torchvision: {name} is no ResNet, leave selection and downsample_bias out")
    for block in blocks:
        if selection:
            parts = {"select": ChannelSelection(block.conv1.in_channels), "conv": block.conv1}
            block.conv1 = nn.Sequential(OrderedDict(parts))
        if downsample_bias and block.downsample is not None:
            convolution = block.downsample[0]
            block.downsample[0] = _like(convolution, convolution.in_channels, True)


def _like(layer: nn.Conv2d, channels: int, bias: bool) -> nn.Conv2d:
    """Return a convolution of the same kind for other inputs."""
    return nn.Conv2d(
        channels,
        layer.out_channels,
        layer.kernel_size,  # type: ignore[arg-type]
        layer.stride,  # type: ignore[arg-type]
        layer.padding,  # type: ignore[arg-type]
        bias=bias,
    )

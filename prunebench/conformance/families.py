"""Tiny networks, one of each kind, as training might have left them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torchvision.models import VisionTransformer

from prunebench.common.randomness import rng, seeded
from prunebench.networks import build
from prunebench.pruning.context import Context
from prunebench.specs.experiment import Network, options

CLASSES = 4


def _ours(family: str, **chosen: object) -> Callable[[], nn.Module]:
    return lambda: build(Network(family, options(**chosen)), 3, CLASSES)


FAMILIES: dict[str, Callable[[], nn.Module]] = {
    "plain: VGG": _ours("vgg", widths=(16, "M", 16, "M", 24)),
    "residual: ResNet": _ours("resnet", blocks=1, widths=(8, 16, 24)),
    "dense: DenseNet": _ours("densenet", layers=2, growth=8),
    "depthwise: MobileNetV2": _ours("mobilenet", stages=((1, 8, 1, 1), (4, 8, 1, 2), (4, 16, 1, 2)), stem=8, last=16),
    "attention: ViT": lambda: VisionTransformer(16, 4, 2, 2, hidden_dim=16, mlp_dim=32, num_classes=CLASSES),
}
"""Five kinds of networks for images of 3x16x16: what makes each hard is shared trunks, growing inputs, grouped
convolutions, and layers that are no convolutions."""


def network(family: str) -> nn.Module:
    """Return the network of a family, always with the same weights, no two of them equal."""
    with seeded(0):
        found = FAMILIES[family]()
    draw = rng(0, "conformance", family)
    with torch.no_grad():
        for name, tensor in found.state_dict().items():
            if tensor.is_floating_point():
                positive = tensor.dim() == 1 and name.endswith(("weight", "var"))
                low, high = (0.2, 1.0) if positive else (-0.3, 0.3)
                tensor.copy_(torch.empty(tensor.shape).uniform_(low, high, generator=draw))
    return found


def context() -> Context:
    """Return what a method is given, always the same: 16 images, their labels, and a generator."""
    draw = rng(0, "conformance")
    images: Tensor = torch.randn(16, 3, 16, 16, generator=draw)
    return Context(images[:2], images, torch.arange(16) % CLASSES, rng(0, "prune"))

"""A training that is done in milliseconds."""

import torch
from torch import nn

from prunebench.common.randomness import rng
from prunebench.datasets.images import Images
from prunebench.specs.experiment import Recipe

RECIPE = Recipe(4, lr=0.05, milestones=(2, 3), batch_size=16)


def images() -> Images:
    pixels = torch.randn(97, 1, 8, 8, generator=rng(0, "pixels"))
    labels = (pixels.mean((1, 2, 3)) > 0).long()
    return Images(pixels[:65], labels[:65], pixels[65:], labels[65:], classes=2)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 5, 3, bias=False),
        nn.BatchNorm2d(5),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(5, 2),
    )


def bits(net: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}

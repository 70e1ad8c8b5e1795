"""MobileNetV2 for CIFAR (Sandler et al. 2018), of torchvision's inverted residual blocks."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from prunebench.networks.initialisation import Family

STAGES = ((1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Stages of Sandler et al. 2018, without the halving of its second stage."""


class MobileNetV2(Family):
    """Inverted residuals with depthwise convolutions (Sandler et al. 2018), for images of 32x32.

    The stem and the second stage keep the resolution, so that the last map is 4x4 as is usual on CIFAR; the parameters
    are those of the ImageNet network, initialised as torchvision has it. There is no dropout.

    Args:
        channels: channels of the images.
        classes: number of classes.
        stages: expansion, width, blocks and first stride of each stage.
        stem: channels of the first convolution.
        last: channels of the last convolution, which the classifier reads.
    """

    norm_scale = 1.0
    linear_std = 0.01

    def __init__(
        self,
        channels: int,
        classes: int,
        stages: Sequence[Sequence[int]] = STAGES,
        stem: int = 32,
        last: int = 1280,
    ) -> None:
        from torchvision.models.mobilenetv2 import InvertedResidual
        from torchvision.ops import Conv2dNormActivation

        super().__init__()
        layers: list[nn.Module] = [Conv2dNormActivation(channels, stem, activation_layer=nn.ReLU6)]
        trunk = stem
        for expansion, width, blocks, first in stages:
            for block in range(blocks):
                layers.append(InvertedResidual(trunk, width, first if block == 0 else 1, expansion))
                trunk = width
        layers.append(Conv2dNormActivation(trunk, last, kernel_size=1, activation_layer=nn.ReLU6))
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(last, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, shape [N, classes], of images of shape [N, channels, H, W]."""
        logits: Tensor = self.classifier(self.pool(self.features(x)).flatten(1))
        return logits

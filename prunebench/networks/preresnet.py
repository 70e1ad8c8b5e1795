"""Pre-activation ResNet of bottlenecks (He et al. 2016b), with the channel selection of network slimming."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from prunebench.networks.initialisation import Family
from prunebench.networks.layers import conv1x1, conv3x3, read, slimmed

EXPANSION = 4
"""Width of a stage's trunk over the width of its bottlenecks (He et al. 2016b)."""


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions beside the trunk, each behind batch normalisation and ReLU."""

    def __init__(self, inputs: int, width: int, stride: int, select: bool = True) -> None:
        super().__init__()
        outputs = EXPANSION * width
        self.read = read(inputs, select)
        self.conv1 = conv1x1(inputs, width)
        self.norm2, self.relu2 = nn.BatchNorm2d(width), nn.ReLU()
        self.conv2 = conv3x3(width, width, stride)
        self.norm3, self.relu3 = nn.BatchNorm2d(width), nn.ReLU()
        self.conv3 = conv1x1(width, outputs)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else conv1x1(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return the trunk after this block."""
        y = self.conv1(self.read(x))
        y = self.conv2(self.relu2(self.norm2(y)))
        y = self.conv3(self.relu3(self.norm3(y)))
        trunk: Tensor = y + self.shortcut(x)
        return trunk

    def bypass(self) -> nn.Module:
        """Return what is left of the block without its residual branch."""
        return self.shortcut


class PreResNet(Family):
    """Pre-activation bottlenecks, 9n+2 layers (He et al. 2016b; slimming's PreResNet-164 has n=18).

    The paper calls its unstructured network "PreResNet-110", but the nine sizes of Fig. 5 are those of 164 layers,
    n=18, as are the dense accuracies of Table 6; its released code builds the true 110 layers, n=12 (protocols Q1).
    Take n=18 for the paper's numbers.

    Args:
        channels: channels of the images.
        classes: number of classes.
        blocks: n, the bottlenecks per stage.
        widths: bottleneck width of each stage; every stage but the first halves the resolution.
        form: `slimming` reads the trunk through channel selections and starts with scales of 0.5; `weight_level` has no
            selections and scales of 1 (protocols 3 and 4).

    Raises:
        PrunebenchError: there is no such form.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        blocks: int,
        widths: Sequence[int] = (16, 32, 64),
        form: str = "slimming",
    ) -> None:
        super().__init__()
        select = slimmed("preresnet", form)
        self.norm_scale = 0.5 if select else 1.0
        self.stem = conv3x3(channels, widths[0])
        layers, trunk = [], widths[0]
        for stage, width in enumerate(widths):
            for block in range(blocks):
                layers.append(Bottleneck(trunk, width, 2 if stage > 0 and block == 0 else 1, select))
                trunk = EXPANSION * width
        self.blocks = nn.Sequential(*layers)
        self.read = read(trunk, select)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(trunk, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, shape [N, classes], of images of shape [N, channels, H, W]."""
        logits: Tensor = self.classifier(self.pool(self.read(self.blocks(self.stem(x)))).flatten(1))
        return logits

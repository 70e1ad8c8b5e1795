"""ResNet for CIFAR of basic blocks (He et al. 2016a), with the shortcuts that the paper's sub-projects have."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from torch import Tensor, nn

from prunebench.common.errors import PrunebenchError
from prunebench.networks.initialisation import Family
from prunebench.networks.layers import PaddedShortcut, conv1x1, conv3x3

SHORTCUTS = ("padded", "detached", "projection")


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside the trunk, each with batch normalisation."""

    def __init__(self, inputs: int, outputs: int, stride: int, shortcut: str) -> None:
        super().__init__()
        self.conv1 = conv3x3(inputs, outputs, stride)
        self.norm1, self.relu1 = nn.BatchNorm2d(outputs), nn.ReLU()
        self.conv2, self.norm2 = conv3x3(outputs, outputs), nn.BatchNorm2d(outputs)
        self.shortcut = _shortcut(inputs, outputs, stride, shortcut)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return the trunk after this block."""
        y = self.norm2(self.conv2(self.relu1(self.norm1(self.conv1(x)))))
        trunk: Tensor = self.relu2(y + self.shortcut(x))
        return trunk

    def bypass(self) -> nn.Module:
        """Return what is left of the block without its residual branch."""
        return nn.Sequential(OrderedDict({"shortcut": self.shortcut, "relu": self.relu2}))


def _shortcut(inputs: int, outputs: int, stride: int, kind: str) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    if kind == "projection":
        parts = {"conv": conv1x1(inputs, outputs, stride), "norm": nn.BatchNorm2d(outputs)}
        return nn.Sequential(OrderedDict(parts))
    return PaddedShortcut(inputs, outputs, detached=kind == "detached")


class ResNet(Family):
    """Basic blocks, 6n+2 layers (He et al. 2016a; n=3 to 18 make ResNet-20, 32, 50, 56 and 110).

    The shortcuts to half the resolution differ between the paper's sub-projects: `padded` is He et al.'s option A (soft
    filter pruning). `detached` pools by averages and lets no gradient through, an accident of the authors' code that
    Tables 1, 9, 14, 16 and 17 are made with (protocols Q11). `projection` is a 1x1 convolution with batch normalisation
    (lottery tickets; "ResNet-50" of Table 8 is n=8, 758,554 parameters).

    Args:
        channels: channels of the images.
        classes: number of classes.
        blocks: n, the blocks per stage.
        widths: width of each stage; every stage but the first halves the resolution.
        shortcut: `padded`, `detached` or `projection`.

    Raises:
        PrunebenchError: there is no such shortcut.
    """

    norm_scale = 1.0

    def __init__(
        self,
        channels: int,
        classes: int,
        blocks: int,
        widths: Sequence[int] = (16, 32, 64),
        shortcut: str = "padded",
    ) -> None:
        super().__init__()
        if shortcut not in SHORTCUTS:
            raise PrunebenchError(f"network resnet: shortcut {shortcut!r} is unknown; valid are {', '.join(SHORTCUTS)}")
        self.stem, self.norm, self.relu = conv3x3(channels, widths[0]), nn.BatchNorm2d(widths[0]), nn.ReLU()
        layers, trunk = [], widths[0]
        for stage, width in enumerate(widths):
            for block in range(blocks):
                layers.append(BasicBlock(trunk, width, 2 if stage > 0 and block == 0 else 1, shortcut))
                trunk = width
        self.blocks = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(trunk, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, shape [N, classes], of images of shape [N, channels, H, W]."""
        logits: Tensor = self.classifier(self.pool(self.blocks(self.relu(self.norm(self.stem(x))))).flatten(1))
        return logits

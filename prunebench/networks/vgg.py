"""VGG with batch normalisation (Simonyan & Zisserman 2015), in the forms that the paper prunes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from torch import Tensor, nn

from prunebench.errors import PrunebenchError
from prunebench.networks.initialisation import Family
from prunebench.networks.layers import conv3x3


class VGG(Family):
    """Plain 3x3 convolutions, each with batch normalisation (Simonyan & Zisserman 2015; slimming's VGG-16 and VGG-19).

    Args:
        channels: channels of the images.
        classes: number of classes.
        widths: output channels of the convolutions in order, with `"M"` for 2x2 max pooling.
        hidden: widths of linear layers before the classifier, each with batch normalisation: (512,) in the paper's
            L1-norm VGG-16, two in slimming's ImageNet VGG-11.

    Raises:
        PrunebenchError: an entry of `widths` is neither a positive number nor "M", or there is no convolution.
    """

    linear_std = 0.01

    def __init__(self, channels: int, classes: int, widths: Sequence[int | str], hidden: Sequence[int] = ()) -> None:
        super().__init__()
        outputs = _convolutions(widths)
        linear = [outputs[-1], *hidden]
        self.features = nn.Sequential(OrderedDict(_features(channels, widths)))
        self.hidden = nn.Sequential(OrderedDict(_hidden(linear)))
        self.classifier = nn.Linear(linear[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, shape [N, classes], of images of shape [N, channels, H, W]."""
        logits: Tensor = self.classifier(self.hidden(self.features(x).mean((2, 3))))
        return logits


def _convolutions(widths: Sequence[int | str]) -> list[int]:
    wrong = [w for w in widths if w != "M" and not (isinstance(w, int) and w > 0)]
    outputs = [w for w in widths if isinstance(w, int)]
    if wrong or not outputs:
        given = repr(wrong[0]) if wrong else "no convolution"
        raise PrunebenchError(
            f"network vgg: widths has {given}; valid are positive channel numbers and 'M' for a max pool"
        )
    return outputs


def _features(channels: int, widths: Sequence[int | str]) -> Iterator[tuple[str, nn.Module]]:
    inputs, conv, pool = channels, 0, 0
    for width in widths:
        if isinstance(width, int):
            conv += 1
            yield f"conv{conv}", conv3x3(inputs, width)
            yield f"norm{conv}", nn.BatchNorm2d(width)
            yield f"relu{conv}", nn.ReLU()
            inputs = width
        else:
            pool += 1
            yield f"pool{pool}", nn.MaxPool2d(2)


def _hidden(widths: Sequence[int]) -> Iterator[tuple[str, nn.Module]]:
    for number, (inputs, outputs) in enumerate(pairwise(widths), 1):
        yield f"linear{number}", nn.Linear(inputs, outputs)
        yield f"norm{number}", nn.BatchNorm1d(outputs)
        yield f"relu{number}", nn.ReLU()

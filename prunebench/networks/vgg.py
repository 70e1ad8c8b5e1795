"""VGG with batch normalisation (Simonyan & Zisserman 2015), in the forms that the paper prunes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

from prunebench.common.errors import PrunebenchError
from prunebench.networks.initialisation import Family
from prunebench.networks.layers import conv3x3


@dataclass(frozen=True)
class _Form:
    """What the sub-projects' models differ in beside their widths (the paper's code, `models/*.py`; protocols Q7)."""

    bias: bool = False
    norm_scale: float | None = 0.5
    vector_norm_scale: float = 1.0
    fan: Literal["in", "out"] = "out"


_FORMS = {
    "slimming": _Form(),
    "weight_level": _Form(bias=True, norm_scale=1.0, fan="in"),
    "imagenet_slimming": _Form(bias=True, vector_norm_scale=0.5),
    "plain": _Form(bias=True, norm_scale=None),
}


class VGG(Family):
    """Plain 3x3 convolutions, mostly with batch normalisation (Simonyan & Zisserman 2015), in the paper's forms.

    The paper's sub-projects build their VGGs differently (protocols Q7 and 7); `form` names which one:
    `slimming` (CIFAR slimming, and L1-norm with hidden=(512,)): no biases, scales start at 0.5.
    `weight_level` (CIFAR weight-level and lottery tickets): biases, scales of 1, convolutions drawn for their input
    channels. `imagenet_slimming` (VGG-11-BN with hidden=(4096, 4096) and side=7): biases, all scales 0.5.
    `plain` (ThiNet's VGG-GAP and VGG-Tiny): biases, no batch normalisation.
    The scales behind the hidden layer of L1-norm's VGG start at 1, PyTorch's rule; the paper's PyTorch 0.3 drew them
    from U(0, 1).

    Args:
        channels: channels of the images.
        classes: number of classes.
        widths: output channels of the convolutions in order, with `"M"` for 2x2 max pooling.
        hidden: widths of linear layers before the classifier, with batch normalisation where the convolutions have it.
        form: `slimming`, `weight_level`, `imagenet_slimming` or `plain`.
        side: pixels on a side of the pooled map that the first linear layer reads.

    Raises:
        PrunebenchError: an entry of `widths` is neither a positive number nor "M", there is no convolution, or no such
            form.
    """

    linear_std = 0.01

    def __init__(
        self,
        channels: int,
        classes: int,
        widths: Sequence[int | str],
        hidden: Sequence[int] = (),
        form: str = "slimming",
        side: int = 1,
    ) -> None:
        super().__init__()
        if form not in _FORMS:
            raise PrunebenchError(f"network vgg: form {form!r} is unknown; valid are {', '.join(_FORMS)}")
        chosen, self.side = _FORMS[form], side
        normed = chosen.norm_scale is not None
        self.norm_scale = chosen.norm_scale or 1.0
        self.vector_norm_scale, self.fan = chosen.vector_norm_scale, chosen.fan
        linear = [_convolutions(widths)[-1] * side**2, *hidden]
        self.features = nn.Sequential(OrderedDict(_features(channels, widths, chosen.bias, normed)))
        self.hidden = nn.Sequential(OrderedDict(_hidden(linear, normed)))
        self.classifier = nn.Linear(linear[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, shape [N, classes], of images of shape [N, channels, H, W]."""
        maps = self.features(x)
        if self.side == 1:
            pooled = maps.mean((2, 3))
        elif maps.shape[2:] == (self.side, self.side):
            pooled = maps.flatten(1)  # pooling would change nothing, and has no deterministic form on a GPU
        else:
            pooled = functional.adaptive_avg_pool2d(maps, self.side).flatten(1)
        logits: Tensor = self.classifier(self.hidden(pooled))
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


def _features(channels: int, widths: Sequence[int | str], bias: bool, normed: bool) -> Iterator[tuple[str, nn.Module]]:
    inputs, conv, pool = channels, 0, 0
    for width in widths:
        if isinstance(width, int):
            conv += 1
            yield f"conv{conv}", conv3x3(inputs, width, bias=bias)
            if normed:
                yield f"norm{conv}", nn.BatchNorm2d(width)
            yield f"relu{conv}", nn.ReLU()
            inputs = width
        else:
            pool += 1
            yield f"pool{pool}", nn.MaxPool2d(2)


def _hidden(widths: Sequence[int], normed: bool) -> Iterator[tuple[str, nn.Module]]:
    for number, (inputs, outputs) in enumerate(pairwise(widths), 1):
        yield f"linear{number}", nn.Linear(inputs, outputs)
        if normed:
            yield f"norm{number}", nn.BatchNorm1d(outputs)
        yield f"relu{number}", nn.ReLU()

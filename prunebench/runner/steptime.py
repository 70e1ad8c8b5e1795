"""How long a spec takes on one H100, without the card and without the data: from catalogued step times.

Measured on one H100 (torch 2.11, batches of 64 at 32x32, one CUDA graph per step). A step is bound by the number of its
kernels, so other networks are taken for `KERNEL` milliseconds a convolution and `MAC` a million multiply-accumulates of
an image; on ResNet-56, VGG-16, VGG-19 and PreResNet-164 this comes within 10 % of what was measured, on DenseNet-40,
which copies much, to half of it. Photos and detectors were not measured: theirs is the same rule, at their size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from prunebench.datasets.available import describe
from prunebench.specs.architectures import paper_network
from prunebench.specs.experiment import Network, Pruning, Spec, classifier_of

MEASURED: dict[str, dict[tuple[str, str], float]] = {
    "float32": {
        ("l1", "VGG-16"): 5.60,
        ("slimming", "VGG-19"): 6.91,
        ("l1", "ResNet-56"): 7.59,
        ("slimming", "PreResNet-164"): 21.9,
        ("slimming", "DenseNet-40"): 16.4,
    },
    "bf16": {
        ("l1", "VGG-16"): 1.53,
        ("slimming", "VGG-19"): 1.79,
        ("l1", "ResNet-56"): 4.18,
        ("slimming", "PreResNet-164"): 11.5,
        ("slimming", "DenseNet-40"): 8.35,
    },
}
"""Milliseconds of a step, by precision, of the networks that sub-projects of the paper train on CIFAR-10."""

KERNEL = {"float32": 0.1072, "bf16": 0.0716}
"""Milliseconds a convolution, forward and backward: solved from ResNet-56 and VGG-16."""

MAC = {"float32": 0.01344, "bf16": 0.001914}
"""Milliseconds a million multiply-accumulates of one image, at batches of 64: from the same two."""

BATCH, SIZE = 64, 32
"""Images of a step that was measured, and their height and width in pixels."""

TEST = 1 / 3
"""Share of a step's time that a batch of the test takes: the forward pass alone."""


UNKNOWN = (16, 300_000_000)
"""Convolutions and multiply-accumulates that a user's network is taken for, whose file is not run to learn more."""

PHOTO = 224
"""Pixels on a side of what a detector's settings do not say the size of."""


@dataclass(frozen=True)
class Catalogued:
    """Says how long specs take on one H100, as `Estimator` says it of the machine at hand.

    Attributes:
        data: folder of datasets; one that is not there is taken for what the catalogue says of it.
    """

    data: Path

    def seconds(self, spec: Spec) -> float:
        """Return about how long a spec takes, without what it starts from.

        A pruned network counts as its dense one, which has as many kernels; a pruning as one epoch.
        """
        trained = spec.trained if isinstance(spec, Pruning) else spec
        images, options = describe(trained.dataset.name, self.data), trained.dataset.options.as_dict()
        size = options.get("size") or images.size or PHOTO
        network, recipe = classifier_of(trained).network, trained.recipe
        step = step_time(network, images.channels, size, recipe.precision, recipe.batch_size)
        epochs = 1 if isinstance(spec, Pruning) else recipe.trained
        return epochs * step / 1000 * (images.train + TEST * images.test) / recipe.batch_size


def step_time(network: Network, channels: int, size: int, precision: str, batch: int) -> float:
    """Return the milliseconds of a training step.

    Args:
        network: dense.
        channels: of its images.
        size: height and width of its images, in pixels.
        precision: `float32` or `bf16`.
        batch: images of a step.
    """
    known = _known(precision).get(network) if (size, batch) == (SIZE, BATCH) else None
    return known or by_rule(network, channels, size, precision, batch)


def by_rule(network: Network, channels: int, size: int, precision: str, batch: int) -> float:
    """Return what the rule alone says; arguments are those of `step_time`."""
    convolutions, macs = UNKNOWN if network.source else _size(network, channels, size)
    return KERNEL[precision] * convolutions + MAC[precision] * macs / 1e6 * batch / BATCH


@cache
def _known(precision: str) -> dict[Network, float]:
    return {paper_network("CIFAR-10", *name): step for name, step in MEASURED[precision].items()}


@cache
def _size(network: Network, channels: int, size: int) -> tuple[int, int]:
    """Return the convolutions of a network, and its multiply-accumulates per image; nothing is computed for that."""
    import torch

    from prunebench import networks
    from prunebench.networks.flops import count

    with torch.device("meta"):
        model = networks.build(network, channels, 10)
        cost = count(model, torch.zeros(1, channels, size, size))
    return sum(isinstance(layer, torch.nn.Conv2d) for layer in model.modules()), cost.macs

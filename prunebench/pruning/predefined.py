"""The paper's predefined target architectures (Tables 1, 2, 3, 5, 9, 16, 17), as channels kept per layer.

They say how many channels each layer keeps; which ones is for a method's scores (`keep_counts`). Table 14's ResNet-56
at 90 % is not here: neither the paper nor its code gives its widths (protocols 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from prunebench.common.errors import UnknownNameError
from prunebench.networks import ChannelSelection
from prunebench.pruning.groups import Group, prunable
from prunebench.pruning.plan import PlanError


@dataclass(frozen=True)
class Target:
    """A predefined architecture.

    Attributes:
        source: where its numbers come from.
        dense: width of each prunable layer of the dense network, in the network's order.
        kept: channels that it keeps.
        stem: whether the convolution that reads the images is one of these layers.
        selections: whether the channel selections of a ResNet's blocks are among them.
    """

    source: str
    dense: tuple[int, ...]
    kept: tuple[int, ...]
    stem: bool = True
    selections: bool = False


def predefined(name: str, network: nn.Module, example: Tensor) -> dict[str, int]:
    """Return how many channels each layer of a network keeps, by the names that plans use.

    On the dense network of the paper these are the paper's numbers. A narrower network keeps the same shares of its
    widths, rounded down and at least 1 channel; one of another depth takes each layer's share from the layer at the
    same relative depth of the paper's network.

    Args:
        name: as the paper writes it, such as `VGG-16-A`; see `TARGETS`.
        network: the dense network. Only convolutions and selections whose channels no other layer shares are pruned:
            in a CIFAR ResNet or ResNet-34 the first convolution of each block.
        example: images to trace it with, shape [N, C, H, W].

    Raises:
        UnknownNameError: there is no such target.
        PlanError: the network has no such layers, or cannot be traced.
    """
    if name not in TARGETS:
        raise UnknownNameError("target", name, TARGETS)
    target = TARGETS[name]
    groups = [g for g in prunable(network, example) if not isinstance(g.producer, nn.Linear)]
    if not target.stem:
        stem = next((m for m in network.modules() if isinstance(m, nn.Conv2d)), None)
        groups = [g for g in groups if g.producer is None or g.producer is not stem]
    _check_selections(name, target, network, groups)
    return {g.name: _kept(target, g.channels, i, len(groups)) for i, g in enumerate(groups)}


def predefined_blocks(name: str) -> tuple[str, ...]:
    """Return the blocks of torchvision's ResNet-50 that one of sparse structure selection's targets drops.

    Args:
        name: `ResNet-41`, `ResNet-32` or `ResNet-26`. Which of several equal blocks goes is not known and does not
            change the architecture; here it is the last ones.

    Raises:
        UnknownNameError: there is no such target.
    """
    if name not in _REMAINING:
        raise UnknownNameError("target", name, _REMAINING)
    dropped = []
    for stage, (blocks, (remaining, first)) in enumerate(zip(_RESNET50, _REMAINING[name], strict=True), 1):
        kept = range(remaining) if first else range(1, remaining + 1)
        dropped += [f"layer{stage}.{block}" for block in range(blocks) if block not in kept]
    return tuple(dropped)


def _check_selections(name: str, target: Target, network: nn.Module, groups: list[Group]) -> None:
    if not groups:
        raise PlanError(f"{name} does not fit: {type(network).__name__} has no convolution that can be pruned alone")
    if target.selections != any(isinstance(network.get_submodule(g.name), ChannelSelection) for g in groups):
        need = "needs a network with" if target.selections else "is for a network without"
        raise PlanError(f"{name} {need} channel selections (option `selection` of the family torchvision)")


def _kept(target: Target, width: int, position: int, layers: int) -> int:
    last = len(target.dense) - 1
    twin = round(position * last / (layers - 1)) if layers > 1 else last // 2
    return max(1, target.kept[twin] * width // target.dense[twin])


def _repeat(values: Iterable[int], times: Iterable[int]) -> tuple[int, ...]:
    return tuple(value for value, n in zip(values, times, strict=True) for _ in range(n))


def _basic(blocks: tuple[int, ...], widths: tuple[int, ...], ratios: tuple[float, ...], skip: set[int]) -> Target:
    """Return a ResNet of basic blocks, pruned at their first convolutions: ids 2, 4, .. in `skip` (protocols 2, 7)."""
    dense = _repeat(widths, blocks)
    shares = [ratio for ratio, n in zip(ratios, blocks, strict=True) for _ in range(n)]
    layers = enumerate(zip(dense, shares, strict=True), 1)
    kept = tuple(width if 2 * i in skip else int(width * (1 - ratio)) for i, (width, ratio) in layers)
    return Target("Li et al. 2017; paper's code, l1-norm-pruning", dense, kept, stem=False)


def _inner(kept: tuple[int, ...]) -> Target:
    """Return ResNet-50 with both inner convolutions of each block at its stage's width (ThiNet)."""
    twice = tuple(2 * n for n in _RESNET50)
    dense = _repeat((64, 128, 256, 512), twice)
    return Target("paper's code, thinet/models/thinetresnet.py", dense, _repeat(kept, twice), stem=False)


_RESNET34 = _RESNET50 = (3, 4, 6, 3)
_VGG16 = _repeat((64, 128, 256, 512, 512), (2, 2, 3, 3, 3))
_SKIP34 = {2, 8, 14, 16, 26, 28, 30, 32}
_REGRESSION = (
    *(35, 64, 55, 101, 51, 39, 97, 50, 37),
    *(144, 128, 106, 205, 105, 72, 198, 105, 72, 288, 128, 110),
    *(278, 256, 225, 418, 209, 147, 407, 204, 158, 423, 212, 155, 412, 211, 148, 595, 256, 213),
    *(606, 512, 433, 1222, 512, 437, 1147, 512, 440),
)
_REGRESSION_DENSE = (
    *(64, 64, 64, *(256, 64, 64) * 2),
    *(256, 128, 128, *(512, 128, 128) * 3),
    *(512, 256, 256, *(1024, 256, 256) * 5),
    *(1024, 512, 512, *(2048, 512, 512) * 2),
)
_HALVED = _repeat((32, 64, 128, 256, 512), (2, 2, 3, 3, 3))

TARGETS: Mapping[str, Target] = {
    "VGG-16-A": Target("Li et al. 2017, Table 2; protocols 2", _VGG16, (32, 64, 128, 128, *(256,) * 9)),
    "ResNet-56-A": _basic((9, 9, 9), (16, 32, 64), (0.1, 0.1, 0.1), {16, 20, 38, 54}),
    "ResNet-56-B": _basic((9, 9, 9), (16, 32, 64), (0.6, 0.3, 0.1), {16, 18, 20, 34, 38, 54}),
    "ResNet-110-A": _basic((18, 18, 18), (16, 32, 64), (0.5, 0.0, 0.0), {36}),
    "ResNet-110-B": _basic((18, 18, 18), (16, 32, 64), (0.5, 0.4, 0.3), {36, 38, 74}),
    "ResNet-34-A": _basic(_RESNET34, (64, 128, 256, 512), (0.3, 0.3, 0.3, 0.0), _SKIP34),
    "ResNet-34-B": _basic(_RESNET34, (64, 128, 256, 512), (0.5, 0.6, 0.4, 0.0), _SKIP34),
    "VGG-Conv": Target("paper's code, thinet/models/thinetconv.py", _VGG16, _HALVED),
    "VGG-GAP": Target("paper's code, thinet/models/thinetvgg.py", _VGG16, _HALVED),
    "VGG-Tiny": Target(
        "paper's code, thinet/models/thinetvgg.py", _VGG16, _repeat((16, 32, 64, 128, 256), (2, 2, 3, 5, 1))
    ),
    "ResNet50-30%": _inner((19, 38, 76, 153)),
    "ResNet50-50%": _inner((32, 64, 128, 256)),
    "ResNet50-70%": _inner((44, 89, 179, 358)),
    "VGG-16-5x": Target(
        "paper's code, regression-pruning/models/vgg_5x.py",
        _VGG16,
        (24, 22, 41, 51, 108, 89, 111, 184, 276, 228, 512, 512, 512),
    ),
    "ResNet-50-2x": Target(
        "paper's code, regression-pruning/models/resnet_2x.py",
        _REGRESSION_DENSE,
        _REGRESSION,
        stem=False,
        selections=True,
    ),
}
"""The paper's targets that keep some channels of each layer, by the names of its tables."""

_REMAINING = {
    "ResNet-41": ((0, False), (4, True), (6, True), (3, True)),
    "ResNet-32": ((1, False), (4, True), (4, True), (1, True)),
    "ResNet-26": ((0, False), (2, False), (5, False), (1, True)),
}
"""Blocks left per stage and whether the first is among them (paper's code, sparse-structure-selection/README.md)."""

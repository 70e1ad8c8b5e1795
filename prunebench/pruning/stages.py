"""Stages of a network: layers with output maps of the same size and with the same width (paper p.9)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from torch import Tensor, nn

from prunebench.pruning.activations import outputs
from prunebench.pruning.plan import PlanError

T = TypeVar("T")


def stages(network: nn.Module, names: Sequence[str], example: Tensor, of: Mapping[str, Hashable]) -> list[list[str]]:
    """Return some layers stage by stage, in the order of the first layer of each.

    Args:
        network: it is not changed.
        names: of the layers.
        example: image that gives the sizes, shape [N, C, H, W].
        of: what else the layers of a stage have in common, such as their width.
    """
    found: dict[tuple[Hashable, ...], list[str]] = {}
    for name, output in outputs(network, names, example[:1]).items():
        found.setdefault((tuple(output.shape[2:]), of[name]), []).append(name)
    return list(found.values())


def matched(found: Sequence[list[str]], pattern: Sequence[T] | None, own: Iterable[T]) -> list[tuple[list[str], T]]:
    """Return the stages with what a pattern says of each: another network's, or else the network's own.

    Raises:
        PlanError: the pattern has another number of stages.
    """
    values = list(own if pattern is None else pattern)
    if len(values) != len(found):
        raise PlanError(f"the pattern has {len(values)} stages and this network {len(found)}; it needs one value each")
    return list(zip(found, values, strict=True))

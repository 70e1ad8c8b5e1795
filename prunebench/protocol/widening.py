"""Dense networks widened to a number of FLOPs, evenly or after the pattern that pruning found (S02)."""

from __future__ import annotations

from functools import cache

from prunebench.datasets.available import Description
from prunebench.specs.experiment import Network, options

STEPS = 15
"""Halvings of the factor on all widths, which ends 1 / 512 near: finer than a channel of any layer of the paper."""


@cache
def widened(network: Network, shares: tuple[tuple[int, float], ...], times: int, data: Description) -> Network:
    """Return a network with new widths and about `times` the FLOPs, at most, of the one given.

    Args:
        network: dense; its family takes `widths`.
        shares: pairs of a width and the share of it that the pattern keeps; widths that it lacks are even, with 1.
        times: factor on the FLOPs.
        data: what it is trained on.
    """
    pattern = dict(shares)
    target, low, high = times * _flops(network, data), 0.0, 16.0
    for _ in range(STEPS):
        factor = (low + high) / 2
        fits = _flops(_scaled(network, pattern, factor), data) <= target
        low, high = (factor, high) if fits else (low, factor)
    return _scaled(network, pattern, low)


def _scaled(network: Network, pattern: dict[int, float], factor: float) -> Network:
    given = network.options.as_dict()
    widths = [w if w == "M" else max(1, round(w * pattern.get(w, 1.0) * factor)) for w in given["widths"]]
    return Network(network.family, options(**{**given, "widths": widths}))


@cache
def _flops(network: Network, data: Description) -> int:
    import torch

    from prunebench import networks
    from prunebench.networks.flops import count

    with torch.device("meta"):
        example = torch.zeros(1, data.channels, data.size, data.size)
        return count(networks.build(network, data.channels, data.classes), example).flops

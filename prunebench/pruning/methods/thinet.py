"""Channels that the next layer misses least on images, greedily, then a scale for each (ThiNet, Luo et al. 2017)."""

from __future__ import annotations

import torch
from torch import Tensor

from prunebench.pruning.readers import Sample
from prunebench.pruning.reconstruction import Reconstruction, ridge


def greedy(contributions: Tensor, outputs: Tensor, count: int) -> Tensor:
    """Remove the channel that leaves the smallest square of all that is removed, one by one (Luo et al. 2017).

    Args:
        contributions: of each channel to sampled outputs, [samples, channels].
        outputs: not looked at: what is removed is compared with nothing.
        count: channels to keep.

    Returns:
        The kept channels, ascending.
    """
    gram = contributions.double().T @ contributions.double()
    cost, removed = gram.diagonal().clone(), torch.zeros(len(gram), dtype=torch.bool, device=gram.device)
    for _ in range(len(gram) - count):
        worst = int(cost.masked_fill(removed, torch.inf).argmin())
        removed[worst] = True
        cost += 2 * gram[worst]
    return (~removed).nonzero().flatten()


def scaled(sample: Sample, kept: Tensor) -> Tensor:
    """Scale the weights that read each kept channel so that the outputs come back (Luo et al. 2017)."""
    added = sample.contributions[:, kept]
    change = ridge(added, (sample.target - added.sum(1))[:, None]).flatten()
    scale = torch.zeros(len(kept), dtype=torch.double, device=kept.device)
    scale[kept] = 1 + change
    return sample.weight * scale.to(sample.weight)[:, None]


_method = Reconstruction(greedy, scaled)
prune, inherit = _method.prune, _method.inherit

"""What a plan looks like from afar: the share that each stage keeps, and each place of its kernels (paper, Sec. 5)."""

from __future__ import annotations

from statistics import mean

import torch
from torch import Tensor, nn

from prunebench.pruning.plan import Plan
from prunebench.pruning.stages import stages


def stage_shares(plan: Plan, network: nn.Module, example: Tensor) -> list[float]:
    """Return the share of channels, or of weights, that each stage keeps (Tables 18 and 21); empty for whole blocks.

    A stage is all layers with maps of one size here, whatever their widths and kernels.

    Args:
        plan: of this network.
        network: the dense one.
        example: images to trace it with, shape [N, C, H, W].
    """
    kept = {name: (len(channels), plan.total[name]) for name, channels in plan.keep.items()}
    kept |= {name: (mask.kept, mask.size) for name, mask in plan.masks.items()}
    found = stages(network, list(kept), example, dict.fromkeys(kept, 0))
    return [sum(kept[name][0] for name in stage) / sum(kept[name][1] for name in stage) for stage in found]


def kernel_shares(plan: Plan, network: nn.Module, example: Tensor) -> list[list[float]]:
    """Return by stage the share of weights kept at each place of its 3x3 kernels, row by row (Fig. 4, Tables 19, 20).

    Arguments are those of `stage_shares`; empty where the plan has no masks of 3x3 kernels.
    """
    square = {name: mask.tensor().double() for name, mask in plan.masks.items() if tuple(mask.shape[2:]) == (3, 3)}
    found = stages(network, list(square), example, dict.fromkeys(square, 3)) if square else []
    flat = [torch.cat([square[name].flatten(0, 1) for name in stage]) for stage in found]
    return [kernels.mean(0).flatten().tolist() for kernels in flat]


def width_shares(plan: Plan) -> list[tuple[int, float]]:
    """Return by width of the dense layers, ascending, the share of their channels that they keep on average.

    Selections of channels are left out: what they read is the width of other layers.
    """
    layers = [(plan.total[name], len(kept)) for name, kept in plan.keep.items() if not name.endswith("read")]
    widths = sorted({total for total, _ in layers})
    return [(width, mean(kept / width for total, kept in layers if total == width)) for width in widths]

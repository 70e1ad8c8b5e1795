"""Pruning to a share of the FLOPs, whatever a method's own ratio counts."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from prunebench.networks.flops import count
from prunebench.pruning.context import Context
from prunebench.pruning.plan import Plan
from prunebench.pruning.registry import MethodError, Prune, pruned

TOLERANCE = 0.005
"""Share of the dense network's FLOPs by which a plan may remove more than was asked for without a note."""

STEPS = 14
"""Halvings of the method's ratio: to 1 / 16384, finer than one channel of any layer of the paper's networks."""


def at_flops(
    prune: Prune, network: nn.Module, share: float, context: Context, example: Tensor
) -> tuple[Plan, nn.Module]:
    """Return the plan that removes a share of the FLOPs or just more, and the smaller network that it makes.

    The method's own ratio is found by bisection. Every try has a fresh copy of the context's generator, so a random
    method draws the same each time. It takes for granted that a higher ratio removes more; where a method does not keep
    to that, the best of the plans that were tried counts. A network of few channels may have no plan within
    `TOLERANCE`: the plan's notes then say what it removes.

    Args:
        prune: the method.
        network: trained network that it prunes.
        share: of the FLOPs (`networks.flops`, those of masked weights left out) to remove, in (0, 1).
        context: what the method is given.
        example: images to apply the plan with, shape [N, C, H, W].

    Raises:
        MethodError: the share is out of range, no plan removes as much, or the method fails at every ratio.
    """
    if not 0 < share < 1:
        raise MethodError(f"a share of {share} of the FLOPs is outside (0, 1); it is the share to remove")
    dense, low, high = count(network, example).flops, 0.0, 1.0
    best, most, failure = None, -1.0, None
    for _ in range(STEPS):
        ratio = (low + high) / 2
        try:
            plan, small = pruned(prune, network, ratio, _afresh(context), example)
        except MethodError as error:  # beyond what the method can do, or it does not work at all
            high, failure = ratio, error
            continue
        removed = 1 - count(small, example, nonzero=bool(plan.masks)).flops / dense
        most = max(most, removed)
        low, high = (ratio, high) if removed < share else (low, ratio)
        if removed >= share and (best is None or removed < best[0]):
            best = removed, plan, small
        if 0 <= removed - share <= TOLERANCE:
            break
    if best is None:
        raise failure if failure and most < 0 else _out_of_reach(share, most, low)
    return _noted(best[1], share, best[0]), best[2]


def _afresh(context: Context) -> Context:
    generator = torch.Generator(context.generator.device)
    return replace(context, generator=generator.set_state(context.generator.get_state()))


def _out_of_reach(share: float, most: float, ratio: float) -> MethodError:
    return MethodError(
        f"the method cannot remove {share:.1%} of the FLOPs of this network: up to a ratio of {ratio:.3g} it removes "
        f"{max(most, 0):.1%} at most; ask for a share of at most {max(most, 0):.3f}, or take a wider network"
    )


def _noted(plan: Plan, share: float, removed: float) -> Plan:
    if removed - share <= TOLERANCE:
        return plan
    note = f"removes {removed:.1%} of the FLOPs, the nearest that the method comes to {share:.1%} from above"
    return replace(plan, notes=(*plan.notes, note))

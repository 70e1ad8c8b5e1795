"""Pruning to a share of the FLOPs, whatever a method's own ratio counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from prunebench.networks.flops import count
from prunebench.pruning.context import Context
from prunebench.pruning.decision import Decision, decide
from prunebench.pruning.files import MethodError
from prunebench.pruning.registry import Prune

TOLERANCE = 0.005
"""Share of the dense network's FLOPs by which a plan may remove more than was asked for without a note."""

STEPS = 14
"""Halvings of the method's ratio: to 1 / 16384, finer than one channel of any layer of the paper's networks."""


def at_flops(prune: Prune, network: nn.Module, share: float, context: Context, example: Tensor) -> Decision:
    """Let a method remove a share of the FLOPs, or just more.

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
    best: tuple[float, Decision] | None = None
    most, failure = 0.0, None
    for removed, found in _tries(prune, network, share, context, example):
        if isinstance(found, MethodError):
            failure = found
            continue
        most = max(most, removed)
        if removed >= share and (best is None or removed < best[0]):
            best = removed, found
    if best is None:
        raise failure if failure and not most else _out_of_reach(share, most)
    return _noted(best[1], share, best[0])


def _tries(
    prune: Prune, network: nn.Module, share: float, context: Context, example: Tensor
) -> Iterator[tuple[float, Decision | MethodError]]:
    """Halve the range of ratios; yield the share that each try removes and what it is, or its error."""
    dense, low, high = count(network, example), 0.0, 1.0
    for _ in range(STEPS):
        ratio = (low + high) / 2
        try:
            found = decide(prune, network, ratio, _afresh(context), example)
        except MethodError as error:  # beyond what the method can do, or it does not work at all
            high = ratio
            yield 0.0, error
            continue
        left = count(found.network, example, bool(found.plan.masks), dense.convention)
        removed = 1 - left.flops / dense.flops
        low, high = (ratio, high) if removed < share else (low, ratio)
        yield removed, found
        if 0 <= removed - share <= TOLERANCE:
            return


def _afresh(context: Context) -> Context:
    generator = torch.Generator(context.generator.device)
    return replace(context, generator=generator.set_state(context.generator.get_state()))


def _out_of_reach(share: float, most: float) -> MethodError:
    return MethodError(
        f"the method cannot remove {share:.1%} of the FLOPs of this network: it removes {most:.1%} at most; ask for a "
        f"share of at most {most:.3f}, or take a wider network"
    )


def _noted(found: Decision, share: float, removed: float) -> Decision:
    if removed - share <= TOLERANCE:
        return found
    note = f"removes {removed:.1%} of the FLOPs, the nearest that the method comes to {share:.1%} from above"
    return replace(found, plan=replace(found.plan, notes=(*found.plan.notes, note)))

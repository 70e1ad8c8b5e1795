"""The average width of a stage that slimming finds, in all of its layers (guided pruning, paper p.9, Fig. 5)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from prunebench.pruning.allocation import keep_counts, keep_global
from prunebench.pruning.context import Context
from prunebench.pruning.methods.slimming import score
from prunebench.pruning.plan import Plan
from prunebench.pruning.stages import matched, stages


def prune(network: nn.Module, ratio: float, context: Context, pattern: Sequence[float] | None = None) -> Plan:
    """Keep the rounded average of slimming's channels in each layer, the best by scale, at least 1.

    Args:
        network: trained for slimming.
        ratio: of slimming.
        context: its example gives the sizes of the maps.
        pattern: share of channels that each stage keeps; by default the one that slimming finds here.
    """
    scores = score(network, context)
    widths = {name: len(values) for name, values in scores.items()}
    found = stages(network, list(scores), context.example, widths)
    plan = keep_global(scores, ratio)
    own = (sum(len(plan.keep[name]) for name in stage) / sum(widths[name] for name in stage) for stage in found)
    shares = {name: share for stage, share in matched(found, pattern, own) for name in stage}
    return keep_counts(scores, {name: max(1, round(widths[name] * share)) for name, share in shares.items()})


def pattern(network: nn.Module, ratio: float, context: Context) -> tuple[float, ...]:
    """Return the share of channels that each stage keeps on average under slimming; for `transferred`."""
    plan = prune(network, ratio, context)
    found = stages(network, list(plan.keep), context.example, plan.total)
    return tuple(len(plan.keep[stage[0]]) / plan.total[stage[0]] for stage in found)

"""What pruning is worth, split in two: the weights that it hands down, and the architecture that it finds."""

from __future__ import annotations

from collections.abc import Mapping

from prunebench.records.parts import Interval
from prunebench.statistics import Sample, greater

DIFFERENCES = {
    "weight": ("finetune", "scratch_b"),
    "inheritance": ("lr_rewind", "scratch_e"),
    "architecture": ("scratch_b", "uniform_scratch_b"),
}
"""By value, the arms whose accuracies it is the difference of.

The weight value is of the usual pipeline, and mixes what is inherited with schedule and budget; inheritance has one
schedule on both sides. Uniform pruning's network has about as many FLOPs.
"""


def values(arms: Mapping[str, Sample], confidence: float | None = None) -> dict[str, Interval]:
    """Return what weights, inheritance and architecture are worth, in accuracy points, as far as their arms are there.

    Args:
        arms: accuracies over the seeds, by arm.
        confidence: of each one-sided bound (Welch's).
    """
    known = {name: pair for name, pair in DIFFERENCES.items() if set(pair) <= set(arms)}
    return {name: _interval(arms[a], arms[b], confidence) for name, (a, b) in known.items()}


def _interval(a: Sample, b: Sample, confidence: float | None) -> Interval:
    found = greater(a, b, confidence)
    return Interval(
        difference=found.difference,
        lower=found.lower,
        upper=found.upper,
        confidence=found.confidence,
        n=list(found.n),
    )


def sentence(found: Mapping[str, Interval]) -> str:
    """Return in one sentence what `values` found: what the inherited weights and the architecture are worth."""
    return (
        f"the inherited weights are worth {_worth(found['weight'], 'training from scratch for as many FLOPs')}; "
        f"the found architecture is worth {_worth(found['architecture'], 'uniform pruning to about as many FLOPs')}."
    )


def _worth(value: Interval, other: str) -> str:
    size = f"{value.difference:+.2f} points [{value.lower:+.2f}, {value.upper:+.2f}]"
    if value.lower <= 0 <= value.upper:
        return f"{size} over {other}, nothing that {min(value.n)} seeds can show"
    return f"{size} over {other}" if value.lower > 0 else f"{size}, less than nothing: {other} does better"

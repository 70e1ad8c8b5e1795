"""What a claim asks of a trained network beside its accuracy: weights near zero, the way from the start, the cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prunebench.common.errors import StoreError
from prunebench.judging.observation import specs
from prunebench.protocol.arms import ARMS
from prunebench.protocol.jobs import Job
from prunebench.records.record import Record
from prunebench.specs.experiment import Spec, Training
from prunebench.store.outcome import Outcome
from prunebench.store.store import Store

if TYPE_CHECKING:
    from torch import Tensor

NEAR = 0.1
"""A weight is near zero below this share of the dense network's root mean square. Fig. 8 shows histograms, no bound."""


def near_zero(final: Outcome, dense: Outcome, initial: Outcome | None, ratio: float) -> float:
    """Return the percentage of the weights left in the convolutions that are near zero (C14, Fig. 8)."""
    scale = weights(dense).square().mean().sqrt()
    left = weights(final).abs()
    left = left[left > 0]
    return 100 * float((left < NEAR * scale).double().mean())


def distance(final: Outcome, dense: Outcome, initial: Outcome | None, ratio: float) -> float:
    """Return how far training moved the weights, in percent of the length of the initial ones (C27)."""
    first = weights(_stored(initial))
    return 100 * float((weights(final) - first).norm() / first.norm())


def overlap(final: Outcome, dense: Outcome, initial: Outcome | None, ratio: float) -> float:
    """Return the percentage of the largest weights that were among the largest from the start (F06).

    The largest are those that magnitude pruning at the row's ratio keeps.
    """
    count = round(len(weights(final)) * (1 - ratio))
    first, last = (set(weights(o).abs().topk(count).indices.tolist()) for o in (_stored(initial), final))
    return 100 * len(first & last) / count


def weights(outcome: Outcome) -> Tensor:
    """Return the weights of all convolutions of a stored training, in one row."""
    import torch

    from prunebench.runner.trained import weights_in

    return torch.cat([tensor.flatten() for tensor in weights_in(outcome).values() if tensor.dim() == 4])


Measure = Callable[[Outcome, Outcome, Outcome | None, float], float]

MEASURES: Mapping[str, Measure] = {
    "near_zero": near_zero,
    "distance": distance,
    "overlap": overlap,
    "memory": lambda final, dense, initial, ratio: float(final.facts["memory"]) / 1e6,
    "work": lambda final, dense, initial, ratio: 3e-6 * final.facts["flops"] * final.facts["epochs"],
}
"""By name, from the outcomes of an arm, of the dense network and of its untrained weights, and the row's ratio.

`memory` is the peak of training in MB, `work` its FLOPs per image in millions, two thirds of them backward.
"""


def measured(job: Job, record: Record, store: Store, wanted: Sequence[str]) -> Record:
    """Return a row's record with measures of all of its trained arms, over the finished seeds.

    Args:
        job: of the row.
        record: what was observed of it.
        store: where the outcomes are.
        wanted: names in `MEASURES`.
    """
    arms = {}
    for name, arm in record.arms.items():
        own = [name] if name in ARMS else []
        known = {seed: specs(job, seed, own, store) for seed in arm.seeds if arm.curves}
        values = {what: [_value(job, what, name, by, store) for by in known.values()] for what in wanted}
        arms[name] = arm.model_copy(update={"measures": {what: found for what, found in values.items() if found}})
    return record.model_copy(update={"arms": arms})


def _value(job: Job, what: str, arm: str, known: Mapping[str, Spec], store: Store) -> float:
    dense: Any = known["dense"]
    final, trained = _stored(store.get(known[arm])), _stored(store.get(dense))
    return round(MEASURES[what](final, trained, store.get(_untrained(dense)), job.ratio), 4)


def _untrained(dense: Training) -> Training:
    return replace(dense, recipe=replace(dense.recipe, stop=0))


def _stored(outcome: Outcome | None) -> Outcome:
    if outcome is None:
        raise StoreError("an outcome that a measure needs was there and is gone; run the same command again")
    return outcome

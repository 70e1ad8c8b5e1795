"""How long a spec takes to compute: from what stored outcomes of the same network took, else from a few steps here."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from prunebench.common.errors import PrunebenchError
from prunebench.datasets.available import Description, describe
from prunebench.runner.environment import hardware
from prunebench.specs.experiment import Detection, Network, Pruning, Spec, Training, classifier_of, to_json
from prunebench.store.outcome import read

Key = tuple[str, str]
"""JSON of network, dataset and precision, and `dense`, `pruned` (an arm), `pruning` (the act) or `detector` (on it)."""


FEW, FEW_LARGE, LARGE = 32, 4, 100
"""Images of a step that is tried on a CPU, fewer from so many pixels on a side on."""

ENOUGH = 2.0
"""Seconds of a step from which on one is enough: what it does for the first time is a small part of it."""


class BudgetError(PrunebenchError):
    """A training was not started because it would not end within the budget."""


def duration(text: str, option: str = "--pb-budget") -> float:
    """Return the seconds of a duration such as `9m`, `90s` or `1h30m`.

    Args:
        text: the duration.
        option: that it was given with.

    Raises:
        PrunebenchError: it is none.
    """
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text)
    if not found or not text:
        raise PrunebenchError(f"{option} {text!r} is no duration; write hours, minutes, seconds: 9m, 90s, 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return 3600.0 * hours + 60 * minutes + seconds


@dataclass
class Estimator:
    """Learns from the store, again whenever it is asked, so that what a run has trained helps with the rest of it.

    Attributes:
        data: folder of datasets and, in `checkpoints`, of the stored outcomes.
        threads: CPU threads of a training that has to be tried out.
        device: that trainings run on, as PyTorch names it; what other hardware took tells nothing of it.
        tried: networks on datasets that no stored outcome tells of.
    """

    data: Path
    threads: int = 1
    device: str = "cpu"
    tried: set[str] = field(default_factory=set)
    _read: set[str] = field(default_factory=set, repr=False)
    _took: dict[Key, list[float]] = field(default_factory=dict, repr=False)

    def seconds(self, spec: Spec) -> float:
        """Return about how long a spec takes on one worker, without what it starts from."""
        self._learn()
        training = classifier_of(spec.trained if isinstance(spec, Pruning) else spec)
        subject = _subject(to_json(training))
        epochs = 1 if isinstance(spec, Pruning) else spec.recipe.trained
        kinds = ("pruned" if training.start.pruning else "dense", "pruned", "dense")
        first = {Pruning: ("pruning",), Detection: ("detector",), Training: ()}[type(spec)]
        for kind in (*first, *kinds):
            if took := self._took.get((subject, kind)):
                return epochs * median(took)
        self.tried.add(subject)
        seen, size = describe(training.dataset.name, self.data), training.dataset.options.as_dict()["size"]
        how = training.recipe.batch_size, self.threads, self.device
        return epochs * _tried(replace(seen, size=size), training.network, *how)

    def _learn(self) -> None:
        here = hardware(self.device, self.threads).rpartition(",")[0]  # without the threads
        for place in (self.data / "checkpoints").glob("[0-9a-f]*"):
            if place.name not in self._read:
                self._read.add(place.name)
                for key, seconds in _taken(place, here):
                    self._took.setdefault(key, []).append(seconds)


def _taken(place: Path, here: str) -> list[tuple[Key, float]]:
    """Return the seconds per epoch of a training on this hardware, or of a pruning; nothing of what cannot be read."""
    try:
        document, facts = (json.loads(read(place, name)) for name in ("spec.json", "outcome.json"))
        if not facts["hardware"].startswith(here):
            return []
        spec, epochs = document["spec"], facts.get("epochs")
        subject = _subject(_classifier(spec))
        if document["kind"] == "pruning":
            return [((subject, "pruning"), facts["seconds"])]
        kind = "pruned" if "pruning" in spec.get("start", {}) else "dense"
        kind = "detector" if document["kind"] == "detection" else kind
        return [((subject, kind), facts["seconds"] / epochs)] if epochs else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _classifier(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the training of a stored spec: itself, or what it prunes or starts from."""
    return spec if "network" in spec else _classifier(spec.get("trained") or spec["start"])


def _subject(training: dict[str, Any]) -> str:
    """Return what an epoch's time depends on beside the hardware."""
    parts = training["network"], training["dataset"], training["recipe"].get("precision")
    return json.dumps(parts, sort_keys=True)


@cache
def _tried(data: Description, network: Network, batch_size: int, threads: int, device: str) -> float:
    """Return the seconds of one epoch and its evaluation, from a few steps on noise; rough."""
    import torch
    from torch.nn.functional import cross_entropy

    from prunebench import networks

    images = min(batch_size, FEW_LARGE if data.size >= LARGE else FEW) if device == "cpu" else batch_size
    torch.set_num_threads(threads)
    model = networks.build(network, data.channels, data.classes).to(device)
    noise = torch.rand(images, data.channels, data.size, data.size).to(device)
    labels = (torch.arange(images) % data.classes).to(device)
    took = []
    for _ in range(4):
        began = time.perf_counter()
        loss = cross_entropy(model(noise), labels)
        torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)[0].sum().item()  # waits for a GPU
        took.append(time.perf_counter() - began)
        if min(took) > ENOUGH:
            break
    return min(took) / images * (data.train + data.test / 3)


@dataclass(frozen=True)
class Budget:
    """Stops what would not end in time.

    Attributes:
        deadline: seconds since the epoch of the clock.
        estimator: says how long a spec takes.
    """

    deadline: float
    estimator: Estimator

    def allow(self, spec: Spec) -> None:
        """Do nothing if a spec can be computed in time.

        Raises:
            BudgetError: it cannot.
        """
        need, left = self.estimator.seconds(spec), self.deadline - time.time()
        if need > left:
            raise BudgetError(
                f"budget: the next training takes about {need:.0f} s and {max(left, 0):.0f} s are left; "
                "the same command goes on from here"
            )

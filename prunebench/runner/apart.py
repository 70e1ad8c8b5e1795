"""Outcomes that take a user's network or regulariser: they are computed in a child process, which ends with them.

So no process that a user's code has run in computes an outcome whose digest does not name that code.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from prunebench.common import child
from prunebench.common.errors import StoreError, of_kind
from prunebench.networks import own
from prunebench.runner import environment
from prunebench.runner.progress import Progress
from prunebench.runner.workshop import Piece, Workshop
from prunebench.specs.experiment import Pruning, Spec, Training, classifier_of
from prunebench.store.outcome import Outcome
from prunebench.store.store import Store


@dataclass(frozen=True)
class Order:
    """What a child needs to compute a piece.

    Attributes:
        piece: what to compute.
        data: folder of the store.
        work: its folder for what needs no keeping.
        progress: folder that progress is shown in.
        worker: as which.
        threads: CPU threads.
        method_file: file of the user's method, if any.
        device: where to train.
        deterministic: whether equal trainings give equal bits.
        networks: files of the user's networks.
    """

    piece: Piece
    data: Path
    work: Path
    progress: Path
    worker: str
    threads: int
    method_file: Path | None
    device: str
    deterministic: bool
    networks: list[str]


def needs_user_code(spec: Spec) -> bool:
    """Return whether computing a spec runs a user's code beside that of its pruning method."""
    classifier = classifier_of(spec.trained if isinstance(spec, Pruning) else spec)
    if isinstance(spec, Training) and spec.regulariser is not None and spec.regulariser.method is not None:
        return True
    return bool(classifier.network.source)


def compute_apart(workshop: Workshop, piece: Piece) -> Outcome:
    """Compute a piece in a child process, which stores its outcome.

    Raises:
        PrunebenchError: it fails there, or its process ends.
    """
    network = classifier_of(piece.spec.trained if isinstance(piece.spec, Pruning) else piece.spec).network
    order = Order(
        piece,
        workshop.store.data.absolute(),
        workshop.store.work.absolute(),
        workshop.progress.folder.absolute(),
        workshop.progress.worker,
        workshop.threads,
        workshop.method_file.absolute() if workshop.method_file else None,
        workshop.device,
        torch.are_deterministic_algorithms_enabled(),
        [str(Path(reference).absolute()) for reference in own.offered()],
    )
    who = f"{network.family} of a user's file" if network.source else "the regulariser of the method"
    try:
        child.call("prunebench.runner.apart:carry_out", order, who=who, limited=isinstance(piece.spec, Pruning))
    except child.ChildError as error:
        raise of_kind(error.kind, str(error)) from error
    found = workshop.store.get(piece.spec)
    if found is None:
        raise StoreError(f"{who} has ended its process as if all were well, and stored nothing")
    return found


def carry_out(order: Order) -> tuple[dict[str, Any], bytes]:
    """Compute a piece in this process."""
    from prunebench.runner.evaluate import compute

    for reference in order.networks:
        own.offer(reference)
    environment.configure(order.device, order.deterministic)
    progress, store = Progress(order.progress, order.worker), Store(order.data, order.work)
    workshop = Workshop(store, progress, order.threads, order.method_file, order.device)
    return {"digest": compute(order.piece, workshop).digest}, b""

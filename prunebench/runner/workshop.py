"""What computing a spec needs of its surroundings, and what is computed: no order, no waiting, no counting."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prunebench.runner.progress import Progress
from prunebench.specs.experiment import Spec
from prunebench.store.store import Store


@dataclass(frozen=True)
class Piece:
    """One spec with the words that progress shows for it.

    Attributes:
        spec: what to compute.
        network: the paper's name of the network.
        arm: the arm, or the part of the trunk.
        seed: of the row.
    """

    spec: Spec
    network: str
    arm: str
    seed: int


@dataclass
class Workshop:
    """Where specs are computed.

    Attributes:
        store: where outcomes are.
        progress: where other processes can see what this one does.
        threads: CPU threads of one training.
        method_file: file of the user's method, if any.
        device: where it trains, as PyTorch names it.
    """

    store: Store
    progress: Progress
    threads: int = 1
    method_file: Path | None = None
    device: str = "cpu"

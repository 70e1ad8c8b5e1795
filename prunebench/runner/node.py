"""What a node of a cluster does with a task: one outcome, from what the task brings along to the packed result.

A node needs prunebench and the datasets, and no file system in common with anybody. What a task says of its
surroundings must hold here, or it is refused. Outcomes lie in a folder of this run alone, so that inputs come once.
"""

from __future__ import annotations

import getpass
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from prunebench.common.errors import PrunebenchError, StoreError
from prunebench.common.folders import write_whole
from prunebench.runner import environment
from prunebench.runner.workshop import Piece
from prunebench.specs.experiment import digest
from prunebench.store.store import Store

OLD = 30 * 24 * 3600.0
"""Seconds without an outcome or partial checkpoint after which a run has ended, whether it could say so or not."""


@dataclass(frozen=True)
class Task:
    """What a node is told, beside the inputs.

    Attributes:
        run: name of the driver's run.
        piece: to compute; None in what all tasks have in common.
        surroundings: what must hold on the node, as `surroundings` returns it.
        datasets: folder of datasets, where it lies on the driver; a node looks for it in the same place.
        threads: CPU threads of a training.
        device: `auto`, `cpu` or `cuda`.
        deterministic: whether equal trainings give equal bits on a GPU too.
        method: name and content of the file of the user's method, if any.
        network: name, content and builder of the file of the user's network, if any.
    """

    run: str
    piece: Piece | None
    surroundings: Mapping[str, str]
    datasets: str
    threads: int
    device: str
    deterministic: bool
    method: tuple[str, bytes] | None = None
    network: tuple[str, bytes, str] | None = None


@dataclass(frozen=True)
class Answer:
    """What a node says.

    Attributes:
        node: its host's name.
        packed: the outcome, None where there is none.
        refused: what differs here from the driver, empty where nothing does.
        kind: class of the error, empty where there was none.
        error: its message.
    """

    node: str
    packed: bytes | None = None
    refused: str = ""
    kind: str = ""
    error: str = ""


def surroundings() -> dict[str, str]:
    """Return what numbers depend on and what must be the same on the driver and on every node."""
    import torch

    return {**environment.versions(), "CUDA": str(torch.version.cuda), "commit": environment.commit()}


def carry_out(task: Task, inputs: Mapping[str, Callable[[], bytes]]) -> Answer:
    """Compute one outcome in this process.

    Args:
        task: what to do.
        inputs: by digest, what fetches the packed outcomes that it may read.
    """
    node, here = platform.node(), surroundings()
    if differing := [f"{k} {here.get(k, 'absent')}, not {v}" for k, v in task.surroundings.items() if here.get(k) != v]:
        return Answer(node, refused=", ".join(differing))
    try:
        return Answer(node, packed=_computed(task, inputs))
    except PrunebenchError as error:
        return Answer(node, kind=type(error).__name__, error=f"{error} (on node {node})")


def _computed(task: Task, inputs: Mapping[str, Callable[[], bytes]]) -> bytes:
    assert task.piece is not None
    from prunebench.networks import own
    from prunebench.runner.local import Runner
    from prunebench.runner.progress import Progress

    root, name = folder(task.run), digest(task.piece.spec)
    if not root.exists():
        _forget(root.parent)
    store = Store(root / "data", root / "work")
    store.prepare()
    _lend(Path(task.datasets), root / "data" / "datasets")
    for needed, fetch in inputs.items():
        if not store.place(needed).exists():
            _admit(store, needed, fetch())
    if store.get(task.piece.spec) is None:
        if task.network:
            own.offer(f"{_placed(root, *task.network[:2])}:{task.network[2]}")
        device = environment.device(task.device, environment.gpus())
        environment.configure(device, task.deterministic)
        method = _placed(root, *task.method) if task.method else None
        progress = Progress(root / "work" / "progress", f"w{os.getpid()}")
        Runner(store, progress, task.threads, method, device).compute(task.piece)
    return store.packed(name)


def _admit(store: Store, name: str, packed: bytes) -> None:
    try:
        store.admit(name, packed)
    except ValueError as error:
        raise StoreError(f"outcome {name[:12]} came damaged: {error}") from error


def folder(run: str) -> Path:
    """Return the folder of a run on this node."""
    return Path(tempfile.gettempdir()) / f"prunebench-{getpass.getuser()}" / run


def clear(run: str) -> None:
    """Remove the folder of a run that has ended."""
    shutil.rmtree(folder(run), ignore_errors=True)


def _forget(runs: Path) -> None:
    """Remove what drivers that were killed have left, once nothing was written in it for long."""
    for left in runs.glob("*"):
        written = [
            place for place in (left, left / "data" / "checkpoints", left / "work" / "partial") if place.exists()
        ]
        if time.time() - max((place.stat().st_mtime for place in written), default=0.0) > OLD:
            shutil.rmtree(left, ignore_errors=True)


def _lend(theirs: Path, place: Path) -> None:
    """Let the node's own datasets be found, if it has them where the driver has its own."""
    if theirs.is_dir() and not place.exists():
        try:
            place.symlink_to(theirs)
        except FileExistsError:  # another task of this node was faster
            return


def _placed(root: Path, name: str, content: bytes) -> Path:
    """Write a user's file."""
    from prunebench.common.userfile import digest as source

    path = root / "code" / source(content)[:16] / Path(name).name
    if not path.exists():
        write_whole(path, content)
    return path

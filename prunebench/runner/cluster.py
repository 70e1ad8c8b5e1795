"""Outcomes as tasks of a Ray cluster: nodes come and go, what they were at is begun again elsewhere.

The driver sends a task with the packed outcomes that it may read, and gets a packed outcome; nodes write nothing that
is kept. Tasks that a node loses are Ray's to repeat; what was handed over is stored by then.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from prunebench.common.errors import PrunebenchError, of_kind
from prunebench.runner import node
from prunebench.runner.executor import Done
from prunebench.runner.local import inputs
from prunebench.runner.workshop import Piece
from prunebench.specs.experiment import Spec, digest
from prunebench.store.store import Store

RETRIES = 20
"""Times that a task is begun again whose node or process was lost, before it is taken for what loses them."""

SURPLUS = 4
"""One task more than fits waits for each so many that run, so that no node stands idle between two."""

ANSWER = 10.0
"""Seconds within which a cluster has to answer."""

RUNNING = Path("/tmp/ray/ray_current_cluster")
"""Where Ray keeps the address of the cluster that this machine is in."""


def address_of(executor: str) -> str | None:
    """Return Ray's address of an executor, None for this machine alone.

    Raises:
        PrunebenchError: there is no such executor, or Ray is not installed.
    """
    kind, colon, place = executor.partition("://")
    if executor == "auto":
        return "auto" if importlib.util.find_spec("ray") and _found() else None
    if executor == "local":
        return None
    if kind != "ray" or (colon and ":" not in place):
        raise PrunebenchError(f"--pb-executor {executor}: give local, ray, ray://HOST:PORT or auto")
    if importlib.util.find_spec("ray") is None:
        raise PrunebenchError("--pb-executor ray: Ray is not installed; pip install 'prunebench[cluster]'")
    return place or "auto"


def connect(address: str) -> Any:
    """Join a cluster that is there, and return Ray.

    Raises:
        PrunebenchError: there is none at the address, or Ray differs there.
    """
    place = _found() if address == "auto" else address
    before = signal.getsignal(signal.SIGTERM)
    try:
        host, _, port = place.rpartition(":")
        socket.create_connection((host, int(port)), ANSWER).close()  # which Ray itself would try for minutes
        ray: Any = importlib.import_module("ray")
        ray.init(address=place, log_to_driver=False, configure_logging=False)
        signal.signal(signal.SIGTERM, before)  # Ray's own ends the process before a run can tell what it has
    except Exception as error:  # Ray has no class for all that keeps it from joining
        raise PrunebenchError(
            f"--pb-executor ray: cannot join the cluster at {place or 'an address that nobody gives'} "
            f"({_line(error)}); begin one with `ray start --head`, and join this machine to it with `ray start "
            "--address=HOST:PORT`"
        ) from error
    return ray


def _found() -> str:
    """Return the address of the cluster that this machine is in; empty where it is in none."""
    return os.environ.get("RAY_ADDRESS") or (RUNNING.read_text().strip() if RUNNING.exists() else "")


@dataclass
class OnRay:
    """An executor: a task of Ray for each piece.

    Attributes:
        ray: the library, which has joined a cluster.
        store: of the driver, where inputs are.
        task: what all tasks have in common; its piece is another each time.
        gpu: whether a task needs a GPU.
    """

    ray: Any
    store: Store
    task: node.Task
    gpu: bool
    _sent: dict[str, Any] = field(default_factory=dict, repr=False)
    _flying: dict[Any, Piece] = field(default_factory=dict, repr=False)
    _refused: dict[str, str] = field(default_factory=dict, repr=False)

    def room(self) -> int:
        """Return how many more tasks fit, with a few to spare; one at least goes to a cluster that may still grow."""
        there = self.ray.cluster_resources()
        fit = int(there.get("GPU", 0)) if self.gpu else int(there.get("CPU", 0)) // self.task.threads
        return max(1, fit + -(-fit // SURPLUS)) - len(self._flying)

    def submit(self, piece: Piece) -> None:
        """Begin a piece, all of whose inputs are stored."""
        needed = closure(piece.spec)
        for name in needed:
            if name not in self._sent:
                self._sent[name] = self.ray.put(self.store.packed(name))
        self._send(piece, needed)

    def finished(self, seconds: float) -> list[Done]:
        """Return what has ended since the last call; wait for something up to so many seconds.

        Raises:
            PrunebenchError: every node refuses.
        """
        if not self._flying:
            return []
        ended, _ = self.ray.wait([*self._flying], num_returns=1, timeout=seconds)
        if ended:
            ended, _ = self.ray.wait([*self._flying], num_returns=len(self._flying), timeout=0)
        answers = [(self._flying.pop(reference), reference) for reference in ended]
        return [done for piece, reference in answers if (done := self._told(piece, reference)) is not None]

    def close(self) -> None:
        """Leave the cluster; nodes remove what they have of this run."""
        for reference in self._flying:
            self.ray.cancel(reference, force=True)
        clearing = self.ray.remote(num_cpus=0, max_retries=0)(node.clear)
        cleared = [clearing.options(**self._on(there)).remote(self.task.run) for there in self._alive()]
        self.ray.wait(cleared, num_returns=len(cleared), timeout=10) if cleared else None
        self.ray.shutdown()

    def _send(self, piece: Piece, needed: list[str]) -> None:
        run = self.ray.remote(num_cpus=self.task.threads, num_gpus=int(self.gpu), max_retries=RETRIES)(_run)
        chosen = {"label_selector": {"ray.io/node-id": f"!in({','.join(self._refused)})"}} if self._refused else {}
        task = replace(self.task, piece=piece)
        self._flying[run.options(**chosen).remote(task, needed, [self._sent[name] for name in needed])] = piece

    def _told(self, piece: Piece, reference: Any) -> Done | None:
        """Return what became of a piece; None where another node has been asked."""
        name = digest(piece.spec)
        try:
            there, answer = self.ray.get(reference)
        except Exception as error:  # a lost node, a lost process, a node without prunebench: Ray's own classes
            return Done(name, error=PrunebenchError(f"its task was lost on the cluster: {_line(error)}"))
        if answer.refused:
            self._refused[there] = f"node {answer.node} has {answer.refused}"
            if {*self._alive()} <= self._refused.keys():
                said = "; ".join(sorted({*self._refused.values()}))
                raise PrunebenchError(
                    f"--pb-executor ray: no node is like this machine: {said}. Install the same there"
                )
            self._send(piece, closure(piece.spec))
            return None
        if answer.packed is None:
            return Done(name, error=of_kind(answer.kind, answer.error))
        return Done(name, answer.packed)

    def _alive(self) -> list[str]:
        return [told["NodeID"] for told in self.ray.nodes() if told["Alive"] and told["Resources"].get("CPU")]

    def _on(self, there: str) -> dict[str, Any]:
        affinity = importlib.import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy
        return {"scheduling_strategy": affinity(there, soft=False)}


def _run(task: node.Task, names: list[str], references: list[Any]) -> tuple[str, node.Answer]:
    """Do a task on a node; return the node, and what it says."""
    ray: Any = importlib.import_module("ray")
    fetches = {name: lambda r=reference: ray.get(r) for name, reference in zip(names, references, strict=True)}
    return ray.get_runtime_context().get_node_id(), node.carry_out(task, fetches)


def closure(spec: Spec) -> list[str]:
    """Return the digests of all outcomes that computing a spec may read, each after its own inputs."""
    below = [name for part in inputs(spec) for name in (*closure(part), digest(part))]
    return [*dict.fromkeys(below)]


def _line(error: Exception) -> str:
    """Return the last line of an error, where Ray has the cause."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[-1][:300].rstrip(".")

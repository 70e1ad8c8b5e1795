"""All that a run wants, computed wherever an executor says, before anyone asks for it: the longest way to go first.

This process alone writes the store, and shares what it stored. What others are at, on this machine or on those of the
same remote, is left to them; what has failed is kept, so that nobody tries it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field

from prunebench.common.errors import PrunebenchError, of_kind
from prunebench.runner.executor import Done, Executor
from prunebench.runner.local import Asked, Runner, inputs, name_of
from prunebench.runner.schedule import Step, ranks
from prunebench.runner.workshop import Piece
from prunebench.specs.experiment import Pruning, Spec, digest

PATIENCE = 2.0
"""Seconds between two looks at what has ended, or at what others have done."""


@dataclass
class Node:
    """A missing outcome.

    Attributes:
        piece: to compute.
        needs: digests of its inputs that are missing too.
    """

    piece: Piece
    needs: set[str]


@dataclass
class Supply:
    """Computes what is asked for.

    Attributes:
        runner: whose store it fills; counts what was computed.
        executor: computes.
        seconds: how long a spec takes, about.
        share: where in the list of what is ready it begins, from 0 to 1: machines that share the work begin apart.
        failed: why some outcomes are not there, by digest.
    """

    runner: Runner
    executor: Executor
    seconds: Callable[[Spec], float]
    share: float = 0.0
    failed: dict[str, PrunebenchError] = field(default_factory=dict)
    _nodes: dict[str, Node] = field(default_factory=dict, repr=False)
    _waiting: list[tuple[Asked, set[str]]] = field(default_factory=list, repr=False)
    _flying: dict[str, ExitStack] = field(default_factory=dict, repr=False)
    _ranks: dict[str, float] = field(default_factory=dict, repr=False)
    _came: int = 0

    def run(self, asked: Iterable[Asked]) -> int:
        """Compute until nothing is missing that can be had; return how many outcomes came, from here or elsewhere.

        Raises:
            PrunebenchError: the store cannot be written, or the executor cannot go on.
        """
        self._nodes, self._waiting, self._came = {}, [], 0
        try:
            for pieces in asked:
                self._look(pieces)
            while self._flying or self._ready():
                begun = self._begin_all()
                for done in self.executor.finished(PATIENCE):
                    self._end(done)
                if not self._flying and not begun:
                    time.sleep(PATIENCE)  # others are at all that is ready
        finally:
            for claim in self._flying.values():
                claim.close()
            self._flying.clear()
            self.runner.progress.done()
        return self._came

    def refuse(self, spec: Spec) -> None:
        """Do nothing for a spec that has not failed.

        Raises:
            PrunebenchError: it has; says why.
        """
        if (error := self.failed.get(digest(spec))) is not None:
            raise of_kind(type(error).__name__, str(error))

    def _look(self, pieces: Asked) -> None:
        """Take down what is missing of what somebody wants."""
        missing = self.runner.missing(pieces)
        if missing:
            self._waiting.append((pieces, {self._add(piece) for piece in missing}))

    def _add(self, piece: Piece) -> str:
        """Take down a missing outcome, with all it starts from that is missing too; return its digest."""
        name = digest(piece.spec)
        if name not in self._nodes:
            absent = [spec for spec in inputs(piece.spec) if not self.runner.has(spec)]
            needs = {self._add(Piece(spec, piece.network, name_of(spec), piece.seed)) for spec in absent}
            self._nodes[name] = Node(piece, needs)
            self._ranks.clear()
        return name

    def _ready(self) -> list[str]:
        """Return what could begin now, the longest way to go first."""
        found = [name for name, node in self._nodes.items() if not node.needs]
        found = [name for name in found if name not in self._flying and name not in self.failed]
        if found and not self._ranks:
            graph = {n: Step(self.seconds(node.piece.spec), tuple(node.needs)) for n, node in self._nodes.items()}
            self._ranks = ranks(graph)
        found.sort(key=lambda name: (-self._ranks[name], name))
        first = int(self.share * len(found))
        return found[first:] + found[:first]

    def _begin_all(self) -> int:
        """Begin as much as there is room for; return how much."""
        begun = 0
        for name in self._ready():
            if not self.executor.room():
                break
            begun += name in self._nodes and self._begin(name)
        self.runner.progress.waiting(f"{len(self._flying)} outcomes elsewhere, {len(self._nodes)} missing")
        return begun

    def _begin(self, name: str) -> bool:
        """Begin a piece unless somebody else is at it; return whether it was begun, or turned out to be stored."""
        piece = self._nodes[name].piece
        with ExitStack() as claim:
            mine = claim.enter_context(self.runner.claimed(piece.spec))
            if self.runner.has(piece.spec, now=mine):
                self._stored(name)
                return True
            if not mine:
                return False
            try:
                self.runner.allow(piece.spec)
            except PrunebenchError as error:
                self.failed[name] = error
                return False
            self.executor.submit(piece)
            self._flying[name] = claim.pop_all()
        return True

    def _end(self, done: Done) -> None:
        """Keep what has ended."""
        with self._flying.pop(done.name):
            if done.error is not None:
                self.failed[done.name] = done.error
                return
            if done.packed is not None:
                try:
                    self.runner.store.admit(done.name, done.packed)
                except ValueError as error:
                    self.failed[done.name] = PrunebenchError(f"outcome {done.name[:12]} came damaged: {error}")
                    return
            self.runner.keep(done.name)
        self._stored(done.name)

    def _stored(self, name: str) -> None:
        """Let go on what has waited for an outcome; what pruning decides names further ones."""
        self._came += 1
        named = isinstance(self._nodes.pop(name).piece.spec, Pruning)
        for node in self._nodes.values():
            node.needs.discard(name)
        waiting, self._waiting = self._waiting, []
        for pieces, missing in waiting:
            concerned = name in missing
            missing.discard(name)
            if concerned and (named or not missing):
                self._look(pieces)
            elif missing:
                self._waiting.append((pieces, missing))

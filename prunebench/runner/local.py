"""Evaluates specs in this process: what the store has is taken, what it has not is computed and stored."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from prunebench.common.child import inside
from prunebench.common.errors import PrunebenchError, StoreError
from prunebench.runner.board import Noticeboard
from prunebench.runner.workshop import Piece, Workshop
from prunebench.specs.experiment import Detection, Pruning, Spec, digest
from prunebench.store.outcome import Outcome
from prunebench.store.taking import Taking

Asked: TypeAlias = Callable[[], Iterable[Piece]]
"""Names all pieces that somebody wants and that are known so far."""


class NothingReadyError(Exception):
    """All that is still missing is being computed by others, or waits for that."""


def _anything(spec: Spec) -> None:
    """Allow it."""


def _one() -> int:
    return 1


@dataclass
class Runner(Workshop):
    """Computes pieces, one at a time or those that run as one at once, and keeps count.

    Attributes:
        computed: digests of what it computed and no test has reported yet.
        taken: digests of what it found in the store.
        allow: asked before anything is computed; raises where that must not start.
        board: where it and the other workers of this run meet, if there are any.
        helps: whether it computes for the tests of others, and so never waits.
        stored: whether it computes nothing, and writes nothing: what is missing is an error.
        taking: where it and other machines share outcomes and meet, if they do.
        asked: what it was asked for, where it only takes that down; None where it computes.
        hands: returns how many processes there are for the pieces that this one is asked for.
    """

    computed: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    allow: Callable[[Spec], None] = _anything
    board: Noticeboard | None = None
    helps: bool = False
    stored: bool = False
    taking: Taking | None = None
    asked: list[Asked] | None = None
    hands: Callable[[], int] = _one

    def run(self, pieces: Asked) -> None:
        """Compute until nothing is missing.

        Several processes may do so at once for pieces that they share: who finds one taken does another that is ready.

        Args:
            pieces: names all pieces that are known so far; asked again after each outcome, because an outcome of
                pruning decides what its arms are.

        Raises:
            NothingReadyError: it helps, and there is nothing to do for now; or it only takes down what it is asked for.
            StoreError: something is missing, and nothing is to be computed.
        """
        try:
            while missing := self.missing(pieces):
                self._refuse(missing[0])
                self._take_down(pieces)
                frontier = [ready for piece in missing for ready in self._frontier(piece)]
                if not any(self._attempt(ready, frontier) for ready in frontier):
                    self._wait(missing)
        finally:
            self.progress.done()
        if not self.helps:
            taken = {digest(piece.spec) for piece in pieces()} - self.computed - self.taken
            self.taken |= taken
            self.progress.count("stored", len(taken))

    def missing(self, pieces: Asked) -> list[Piece]:
        """Return what is not stored, after a look at what is shared: an outcome from there may name more pieces."""
        while True:
            absent = [piece for piece in pieces() if self.store.get(piece.spec) is None]
            missing = [piece for piece in absent if not self.has(piece.spec)]
            if len(missing) == len(absent):
                return missing

    def has(self, spec: Spec, now: bool = False) -> bool:
        """Return whether a spec's outcome is stored, here or after a look at what is shared; `now` as in `bring`."""
        if self.store.get(spec) is not None:
            return True
        return self.taking is not None and self.taking.shared.bring(digest(spec), self.store, now)

    def _refuse(self, missing: Piece) -> None:
        if self.stored:
            name = digest(self._frontier(missing)[0].spec)[:12]
            raise StoreError(f"--pb-stored: outcome {name} is not stored; run without it to train, or `dvc pull`")

    def _take_down(self, pieces: Asked) -> None:
        if self.asked is not None:
            self.asked.append(pieces)
            raise NothingReadyError

    def _wait(self, missing: Iterable[Piece]) -> None:
        if self.helps:
            raise NothingReadyError
        self.progress.waiting(", ".join(sorted({piece.arm for piece in missing})))
        time.sleep(0.1)

    def report(self, digests: set[str]) -> int:
        """Return how many of these outcomes this run computed and no test has reported yet; now one has."""
        own = self.computed & digests
        self.computed -= digests
        return len(own) + (len(self.board.take(digests - own)) if self.board else 0)

    def _frontier(self, piece: Piece) -> list[Piece]:
        """Return what must be computed first: the piece itself if all that it starts from is stored."""
        absent = [spec for spec in inputs(piece.spec) if not self.has(spec)]
        below = [Piece(spec, piece.network, name_of(spec), piece.seed) for spec in absent]
        return [ready for part in below for ready in self._frontier(part)] or [piece]

    def _attempt(self, piece: Piece, frontier: Sequence[Piece]) -> bool:
        """Compute a piece, and what runs as one with it, unless another process is at it; return whether it is stored.

        Args:
            piece: all whose inputs are stored.
            frontier: the others of that kind.
        """
        with self.claimed(piece.spec) as mine, ExitStack() as claims:
            if mine and not self.has(piece.spec, now=True):
                self.allow(piece.spec)
                pieces = [piece, *self._company(piece, frontier, claims)]
                for each in pieces:
                    self._announce(digest(each.spec))
                self._compute_all(pieces)
            return mine

    def _company(self, piece: Piece, frontier: Sequence[Piece], claims: ExitStack) -> list[Piece]:
        """Claim what can run as one with a piece: this process's share, if others have nothing else to do.

        Under a budget nothing does, since each would take as long as all of them.
        """
        if self.device != "cpu" or self.allow is not _anything or len(frontier) < 2:
            return []
        from prunebench.runner.packs import LARGEST, alike  # loads torch

        others, found = alike(piece, frontier, self.store), list[Piece]()
        share = min(LARGEST, -(-(1 + len(others)) // self.hands()))
        for each in others:
            if len(found) + 1 < share and claims.enter_context(self.claimed(each.spec)):
                found += [] if self.has(each.spec, now=True) else [each]
        return found

    def _compute_all(self, pieces: Sequence[Piece]) -> None:
        if len(pieces) == 1:
            self.compute(pieces[0])
            self._computed(pieces[0])
            return
        from prunebench.runner.packs import compute_together

        for error in compute_together(pieces, self, self._computed):
            raise error

    def _computed(self, piece: Piece) -> None:
        self.keep(digest(piece.spec))
        self._stir()

    def keep(self, name: str) -> None:
        """Count an outcome that this run computed and stored, and share it."""
        self.computed.add(name)
        self.progress.count("trained")
        if self.taking is not None:
            self.taking.shared.send(name, self.store)

    @contextmanager
    def claimed(self, spec: Spec) -> Iterator[bool]:
        """Try to become the one who computes a spec: among the processes here, then among the machines."""
        with self.store.claim(spec) as mine:
            if not mine or self.taking is None or self.has(spec):
                yield mine
                return
            with self.taking.claim(digest(spec)) as ours:
                yield ours

    def _stir(self) -> None:
        if self.board is not None:
            self.board.stir()

    def _announce(self, name: str) -> None:
        """Tell the others what is being computed; what is for them, before their test can find it stored."""
        if self.helps and self.board is not None:
            self.board.hand_over(name)
        self._stir()

    def compute(self, piece: Piece) -> Outcome:
        """Compute a piece, all of whose inputs are stored, and store its outcome.

        Raises:
            PrunebenchError: it fails.
        """
        from prunebench.runner.apart import compute_apart, needs_user_code
        from prunebench.runner.evaluate import compute  # loads torch

        try:
            if needs_user_code(piece.spec) and not inside():
                return compute_apart(self, piece)
            return compute(piece, self)
        except PrunebenchError as error:
            error.add_note(f"while at: {piece.network}, {piece.arm}, seed {piece.seed}")
            raise


def inputs(spec: Spec) -> list[Spec]:
    """Return the specs whose outcomes a spec starts from."""
    if isinstance(spec, Pruning):
        return [spec.trained, *([spec.source.trained] if spec.source else [])]
    if isinstance(spec, Detection):
        return [spec.start]
    return [part for part in (spec.start.pruning, spec.start.rewound) if part is not None]


def name_of(spec: Spec) -> str:
    """Return how progress names a spec of the trunk."""
    if isinstance(spec, Pruning):
        return "prune"
    if isinstance(spec, Detection):
        return "detect"
    if spec.start.pruning is not None:
        return "pruned"
    if spec.recipe.stop is not None:
        return "early"
    return "sparse" if spec.regulariser else "dense"

"""Where outcomes are computed: one small protocol, and the executor that computes in this process.

A process that has an executor hands it pieces whose inputs are stored, and is told of their outcomes. Who keeps what
is `supply`'s business: an executor stores nothing but what it cannot help.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from prunebench.common.errors import PrunebenchError
from prunebench.runner.workshop import Piece
from prunebench.specs.experiment import digest


@dataclass(frozen=True)
class Done:
    """What became of a piece.

    Attributes:
        name: digest of its spec.
        packed: its outcome; None where that is stored already, or there is none.
        error: why there is none.
    """

    name: str
    packed: bytes | None = None
    error: PrunebenchError | None = None


class Executor(Protocol):
    """Computes pieces somewhere."""

    def room(self) -> int:
        """Return how many more pieces it can begin now."""

    def submit(self, piece: Piece) -> None:
        """Begin a piece, all of whose inputs are stored."""

    def finished(self, seconds: float) -> list[Done]:
        """Return what has ended since the last call; wait for something up to so many seconds."""

    def close(self) -> None:
        """Give back what it holds; what has not ended is lost."""


@dataclass
class Here:
    """Computes in this process, one piece at a time: it has ended when `submit` returns.

    Attributes:
        compute: computes and stores a piece.
    """

    compute: Callable[[Piece], object]
    _done: list[Done] = field(default_factory=list)

    def room(self) -> int:
        """Return 1, or 0 before the last piece was asked for."""
        return 0 if self._done else 1

    def submit(self, piece: Piece) -> None:
        """Compute a piece."""
        try:
            self.compute(piece)
            self._done.append(Done(digest(piece.spec)))
        except PrunebenchError as error:
            self._done.append(Done(digest(piece.spec), error=error))

    def finished(self, seconds: float) -> list[Done]:
        """Return what has ended; nothing is waited for."""
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        """Do nothing."""

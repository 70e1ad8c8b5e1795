"""What one worker is doing: a value, a small file, and words."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from prunebench.common.folders import write_whole
from prunebench.common.terminal import clock


@dataclass(frozen=True)
class State:
    """A training under way, or `waiting` for something.

    Attributes:
        worker: name of the worker, such as `gw0`.
        pid: its process.
        written: time of this state, seconds since 1970.
        network: the paper's name of it.
        arm: such as `scratch_b`.
        seed: of the row.
        epoch: epochs that are done, of `epochs`.
        epochs: of this training.
        seconds_left: of this training, when the state was written; None if not known yet.
        waiting: what it waits for; empty while it trains.
    """

    worker: str
    pid: int
    written: float
    network: str = ""
    arm: str = ""
    seed: int = 0
    epoch: int = 0
    epochs: int = 0
    seconds_left: float | None = None
    waiting: str = ""

    @property
    def left(self) -> str:
        """Time that is left now, in words; empty if not known."""
        if self.seconds_left is None:
            return ""
        return f"~{clock(max(self.seconds_left - (time.time() - self.written), 0.0))}"

    @property
    def short(self) -> str:
        """The state in a few words."""
        if self.waiting:
            return f"{self.worker} waiting for {self.waiting}"
        return (
            f"{self.worker} {self.network} {self.arm} seed {self.seed} {self.epoch}/{self.epochs} {self.left}".rstrip()
        )

    @property
    def columns(self) -> list[str]:
        """The columns of a training's line in a table, after the worker's name."""
        filled = 6 * self.epoch // max(self.epochs, 1)
        epoch = f"epoch {self.epoch:>{len(str(self.epochs))}}/{self.epochs}"
        return [self.network, self.arm, f"seed {self.seed}", epoch, "▇" * filled + "░" * (6 - filled), self.left]


def save(state: State, folder: Path) -> None:
    """Write `<worker>.json`, whole or not at all; not at all on a full disk, which must not end a training."""
    with suppress(OSError):
        write_whole(folder / f"{state.worker}.json", json.dumps(asdict(state)))


def load(path: Path) -> State | None:
    """Read a state; None where the file is gone or damaged, or its process has ended."""
    try:
        state = State(**json.loads(path.read_text()))
        return state if _alive(state.pid) else None
    except (OSError, ValueError, TypeError):
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # a child that crashed still has its number until its parent asks for its end
        crashed = hasattr(os, "waitid") and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ProcessLookupError:
        return False
    except (PermissionError, ChildProcessError):
        return True
    return not crashed

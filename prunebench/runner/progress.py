"""Live progress of trainings in several processes: each writes a small file, one reads them all and shows them.

On a terminal, lines that are redrawn stand below pytest's own output, which stays as it is; elsewhere a plain line
comes now and then. Nothing here decides anything: a run is the same without it.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TextIO

from rich.cells import cell_len, set_cell_size

from prunebench.runner.state import State, load, save

REDRAW = 0.5
"""Seconds between two drawings on a terminal."""

_WRITE = 0.2  # seconds between two files of one worker
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Progress:
    """The writing side, one per worker: it keeps `<worker>.json` in a folder that belongs to one run."""

    def __init__(self, folder: Path, worker: str) -> None:
        """Write nothing yet; the folder is made when it is needed."""
        self.folder, self.worker = folder, worker
        self._subject: tuple[Any, ...] = ()
        self._due = 0.0

    def update(
        self, label: str, network: str, arm: str, seed: int, epoch: int, epochs: int, seconds_left: float | None
    ) -> None:
        """Say that `epoch` of `epochs` are done; written at once for a new training and its last epoch, else seldom.

        Args:
            label: tells this training from others of the same network, arm and seed; it is not shown.
            network: the paper's name of it.
            arm: such as `scratch_b`.
            seed: of the row.
            epoch: epochs that are done.
            epochs: of this training.
            seconds_left: until its end; None if not known yet.
        """
        fields = {"network": network, "arm": arm, "seed": seed, "epoch": epoch, "epochs": epochs}
        self._save((label, network, arm, seed), epoch >= epochs, seconds_left=seconds_left, **fields)

    def waiting(self, what: str) -> None:
        """Say that nothing can be done until `what` is there."""
        self._save((what,), False, waiting=what)

    def count(self, what: Literal["trained", "stored"], number: int = 1) -> None:
        """Add to the outcomes that this run trained, or found in the store."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / what).open("ab") as file:  # one byte each: appending needs no lock between processes
                file.write(b"." * number)

    def done(self) -> None:
        """Say that this worker does nothing for now."""
        self._subject = ()
        with suppress(OSError):
            (self.folder / f"{self.worker}.json").unlink(missing_ok=True)

    def _save(self, subject: tuple[Any, ...], at_once: bool, **fields: Any) -> None:
        if at_once or subject != self._subject or time.monotonic() >= self._due:
            self._subject, self._due = subject, time.monotonic() + _WRITE
            save(State(self.worker, os.getpid(), time.time(), **fields), self.folder)


class Reader:
    """The reading side: the states of all workers that are alive."""

    def __init__(self, folder: Path) -> None:
        """Read from the folder that the workers write to; it need not exist yet."""
        self.folder = folder

    def states(self) -> list[State]:
        """Return what each worker does, in the order of their names; `gw2` comes before `gw10`."""
        paths = sorted(self.folder.glob("*.json"), key=lambda path: (len(path.name), path.name))
        return [state for path in paths if (state := load(path)) is not None]

    def summary(self) -> str:
        """Return how many outcomes all workers together trained and found in the store."""
        files = [self.folder / what for what in ("trained", "stored")]
        trained, stored = (file.stat().st_size if file.exists() else 0 for file in files)
        return f"{trained} trained, {stored} from the store"

    def lines(self, width: int) -> list[str]:
        """Return one line for each worker, with aligned columns, none wider than `width` cells."""
        states = self.states()
        name = max((len(state.worker) for state in states), default=0)
        columns = zip(*(state.columns for state in states if not state.waiting), strict=True)
        widths = [max(map(len, column)) for column in columns]
        lines = []
        for state in states:
            cells = [cell.ljust(width) for cell, width in zip(state.columns, widths, strict=False)]
            rest = [f"waiting for {state.waiting}"] if state.waiting else cells
            lines.append("  ".join([state.worker.ljust(name), *rest]))
        return [set_cell_size(line, width).rstrip() for line in lines]


def open_stream() -> TextIO:
    """Return a stream to where standard output goes now, whatever captures it later.

    Call it while pytest captures nothing, such as in `pytest_sessionstart`. Where standard output is no file, it is
    returned itself.
    """
    try:
        number = os.dup(sys.stdout.fileno())
    except (OSError, ValueError):
        return sys.stdout
    return open(number, "w", encoding=sys.stdout.encoding, errors="replace", newline="")


class Status:
    """Shows progress beside pytest's output. It stands in for the file that pytest's terminal reporter writes to.

    On a terminal the cursor always rests where pytest left it. The block is drawn below it and everything below it is
    cleared before pytest goes on, so nothing that pytest wrote is ever touched.
    """

    def __init__(
        self, reporter_file: TextIO, stream: TextIO, reader: Reader, interval: float = 15.0, interactive: bool = False
    ) -> None:
        """Show nothing until `start`.

        Args:
            reporter_file: where pytest's output goes on to.
            stream: to the same place, but safe from capture: see `open_stream`.
            reader: of the workers' states.
            interval: seconds between two plain lines.
            interactive: whether `stream` is a terminal that understands cursor movements.
        """
        self._file, self._stream, self._reader = reporter_file, stream, reader
        self._interval, self._interactive = interval, interactive and stream.isatty()
        self._lock, self._halt = threading.RLock(), threading.Event()
        self._thread: threading.Thread | None = None
        self._began = time.monotonic()
        self._line = ""  # of pytest's output, since the last return
        self._drawn = False
        self._said: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, text: str) -> int:
        """Write pytest's output, with the block out of its way."""
        with self._lock:
            self._erase()
            written = self._file.write(text)
            if self._thread is not None:
                self._file.flush()  # at once: later it may be captured, and it must not be overtaken by the stream
            self._line = re.split(r"[\r\n]", self._line + text)[-1]
            return written

    def flush(self) -> None:
        """Flush pytest's output, and put the block back below it."""
        with self._lock:
            self._file.flush()
            if self._thread is not None and self._interactive:
                self._draw()

    def start(self) -> None:
        """Begin to show, from a thread that ends with the process at the latest."""
        self._halt.clear()
        self._thread = threading.Thread(target=self._run, name="prunebench-progress", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take the block away and show no more until the next `start`."""
        self._halt.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._lock:
            self._erase()

    def close(self) -> None:
        """Give the stream back, after the last `stop`."""
        if self._stream is not sys.stdout:
            self._stream.close()

    def refresh(self) -> None:
        """Show the present state: the thread does so again and again."""
        with self._lock:
            if self._interactive:
                self._draw()
            else:
                self._say()

    def _run(self) -> None:
        with suppress(OSError, ValueError):  # the terminal is gone, or the stream closed: nothing to show it to
            while not self._halt.wait(REDRAW if self._interactive else self._interval):
                self.refresh()

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write("\x1b[J")
            self._stream.flush()
            self._drawn = False

    def _draw(self) -> None:
        width, height = os.get_terminal_size(self._stream.fileno())
        at = cell_len(_ESCAPES.sub("", self._line))
        lines = self._reader.lines(width - 1)
        room = height - 2
        # No movement restores the cursor after a line that fills the terminal to its edge: wait for what follows.
        if not lines or room < 2 or width < 20 or (at and at % width == 0):
            self._erase()
            return
        hidden = len(lines) - room + 1
        if hidden > 0:
            lines[room - 2 :] = [f"... and {hidden + 1} more workers"]
        lines.append(set_cell_size(f"prunebench {self._elapsed()}  {self._reader.summary()}", width - 1).rstrip())
        block = "".join(f"\r\n{line}\x1b[K" for line in lines)
        back = f"\x1b[{len(lines)}A\r" + (f"\x1b[{at % width}C" if at % width else "")
        self._stream.write(f"{block}\x1b[J{back}")
        self._stream.flush()
        self._drawn = True

    def _say(self) -> None:
        states, summary = self._reader.states(), self._reader.summary()
        if not states or (states, summary) == self._said:
            return
        self._said = states, summary
        start = "\n" if self._line else ""
        text = " | ".join(state.short for state in states)
        self._stream.write(f"{start}[prunebench {self._elapsed()}] {text}; {summary}\n")
        self._stream.flush()
        self._line = ""

    def _elapsed(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        return f"{minutes}:{seconds:02}"

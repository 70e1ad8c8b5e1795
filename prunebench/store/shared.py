"""Outcomes that several groups share: single files in a DVC remote, under the digests of their specs.

    <remote>/outcomes/<first two digits>/<digest>      the very file that `data/checkpoints/<digest>` is

Before something is computed it is looked for there; what was computed is sent at once. A file has its name by what was
asked, so whoever sends it second sends what is there already. DVC's own files, `files/md5`, lie beside them untouched.
"""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from prunebench.common.errors import StoreError
from prunebench.common.folders import write_whole
from prunebench.store.store import Store

T = TypeVar("T")

LOOK = 10.0
"""Seconds until what was not there is looked for again, while a run waits for it."""

PAUSE = 60.0
"""Seconds without another try after one that failed, at the least."""

SHARE = 20.0
"""Times what a failed try took until the next one: a remote that lets people wait costs a twentieth of a run."""


@dataclass
class Gate:
    """Whether one way, in or out, is tried: after a failure not for a while.

    Attributes:
        failed: what was said of the last failure; empty while all is well.
        shut: until when, by the monotonic clock.
    """

    failed: str = ""
    shut: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether to try."""
        return time.monotonic() >= self.shut


@dataclass
class Shared:
    """Outcomes in one remote; whatever fails there is said once, and the run goes on without it.

    Attributes:
        name: of the remote.
        files: DVC's file system of it.
        root: where the outcomes lie in it.
        incoming: whether outcomes are looked for.
        outgoing: whether outcomes are sent.
    """

    name: str
    files: Any
    root: str
    incoming: Gate = field(default_factory=Gate)
    outgoing: Gate = field(default_factory=Gate)
    _asked: dict[str, float] = field(default_factory=dict, repr=False)
    _damaged: set[str] = field(default_factory=set, repr=False)

    def place(self, digest: str, kind: str = "outcomes") -> str:
        """Return where something lies that goes by a digest."""
        return str(self.files.join(self.root, kind, digest[:2], digest))

    def bring(self, digest: str, store: Store, now: bool = False) -> bool:
        """Fetch an outcome into the store, every bit of it looked at; return whether it is there.

        Args:
            digest: of its spec.
            store: that lacks it.
            now: whether to look though that was done a moment ago.

        Raises:
            StoreError: the store cannot be written.
        """
        if not now and time.monotonic() < self._asked.get(digest, 0.0):
            return False
        self._asked[digest] = time.monotonic() + LOOK
        packed = self.read(self.place(digest))
        if packed is None:
            return False
        try:
            store.admit(digest, packed)
        except ValueError as error:
            self._damaged.add(digest)
            self._tell(f"outcome {digest[:12]} is damaged there ({error}); it is computed here, and that replaces it")
            return False
        return True

    def send(self, digest: str, store: Store) -> bool:
        """Send an outcome of the store unless it is there; what cannot be sent now is kept in mind for `send_rest`."""
        mark = self._marks(store) / digest
        with suppress(OSError):  # on a full disk the outcome itself is what counts
            write_whole(mark, "")
        if not self.outgoing.is_open:
            return False
        sent = self._out(lambda: self._put(digest, store))
        if sent:
            mark.unlink(missing_ok=True)
            self._damaged.discard(digest)
        return bool(sent)

    def send_rest(self, store: Store) -> str:
        """Send what could not be sent before; return what people should know of what is left, if anything."""
        self.outgoing.shut = 0.0
        waiting = [mark.name for mark in sorted(self._marks(store).glob("[0-9a-f]*"))]
        left = [digest for digest in waiting if store.place(digest).exists() and not self.send(digest, store)]
        if not left:
            return ""
        return (
            f"{len(left):,} outcome(s) are not in the remote {self.name} yet: {self.outgoing.failed}. They are stored "
            f"here; the next run with --pb-remote {self.name} sends them."
        )

    def read(self, place: str) -> bytes | None:
        """Return what lies at a place; None where nothing does, or nobody can tell."""
        with self._guarded(self.incoming, "nothing is taken from it for now"):
            if self.incoming.is_open:
                with suppress(FileNotFoundError, NotADirectoryError):
                    return bytes(self.files.cat_file(place))
        return None

    def write(self, place: str, content: bytes) -> bool:
        """Write a whole file, which readers see in full or not at all; return whether that worked."""
        return bool(self._out(lambda: self._upload(place, content)))

    def remove(self, place: str) -> None:
        """Remove a file, if it is there and may be."""
        with suppress(Exception):
            self.files.remove(place)

    def _out(self, act: Callable[[], T]) -> T | None:
        with self._guarded(self.outgoing, "what is computed is stored here, and sent later"):
            return act()
        return None

    def _put(self, digest: str, store: Store) -> bool:
        place = self.place(digest)
        if digest in self._damaged or not self.files.exists(place):
            self._upload(place, store.packed(digest))
        return True

    def _upload(self, place: str, content: bytes) -> bool:
        self.files.upload_fobj(io.BytesIO(content), place)
        return True

    @contextmanager
    def _guarded(self, gate: Gate, meanwhile: str) -> Iterator[None]:
        """Let no failure of a remote end a run that trains for hours, whatever class a file system has for it."""
        began = time.monotonic()
        try:
            yield
        except StoreError:
            raise
        except Exception as error:
            gate.shut = time.monotonic() + max(PAUSE, SHARE * (time.monotonic() - began))
            gate.failed, before = reason(error), gate.failed
            if gate.failed != before:
                self._tell(f"{gate.failed}; {meanwhile}. {remedy(error, self.name)}")

    def _tell(self, text: str) -> None:
        warnings.warn(f"remote {self.name}: {text}", stacklevel=2)

    def _marks(self, store: Store) -> Path:
        return store.work / "unsent" / self.name


def reason(error: Exception) -> str:
    """Return what went wrong, in one line."""
    if isinstance(error, PermissionError):
        return f"it does not let you ({_line(error)})"
    return _line(error) or type(error).__name__


def remedy(error: Exception, name: str) -> str:
    """Return what to do about it."""
    if isinstance(error, PermissionError) or "redential" in type(error).__name__:
        return f"Ask its owner for rights, or set your keys: `dvc remote modify --local {name} ...`"
    if isinstance(error, FileNotFoundError):
        return f"Make the bucket or folder, or correct its address: `dvc remote modify {name} url URL`"
    return f"Look at its address and your network: `dvc remote list`, `dvc remote modify {name} url URL`"


def _line(error: Exception) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split())[:200].rstrip(".")

"""Who is at what, among machines that share a remote: a small file each, that its writer keeps writing anew.

    <remote>/taken/<first two digits>/<digest>         whose it is, and a number that grows

It saves work and decides nothing else: what two begin at the very same moment both compute, and either outcome serves.
So it asks of a remote no more than that files can be written and read, which every one can. No clocks are compared: a
file is left behind once whoever looks has seen it unchanged for `STALE` seconds.
"""

from __future__ import annotations

import os
import platform
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from prunebench.store.shared import Shared

BEAT = 30.0
"""Seconds between two writings of one file."""

STALE = 4 * BEAT
"""Seconds without a change after which whoever wrote a file is taken for dead."""


@dataclass
class Taking:
    """What this process takes, and what it sees that others have taken.

    Attributes:
        shared: the remote.
        owner: this process, among all that may share it.
    """

    shared: Shared
    owner: str = field(default_factory=lambda: f"{platform.node()}-{os.getpid()}-{uuid.uuid4().hex[:12]}")
    _seen: dict[str, tuple[bytes, float]] = field(default_factory=dict, repr=False)

    @contextmanager
    def claim(self, digest: str) -> Iterator[bool]:
        """Take a spec; yields whether nobody else is at it.

        Where the remote cannot be asked, nobody is.
        """
        if not self._is_free(digest):
            yield False
            return
        if not self.shared.incoming.is_open:
            yield True
            return
        place = self.shared.place(digest, "taken")
        written = self.shared.write(place, self._sign(0))
        if written and not (self.shared.read(place) or b"").startswith(self.owner.encode()):
            yield False
            return
        over = threading.Event()
        beating = threading.Thread(target=self._beat, args=(place, over), daemon=True)
        beating.start()
        try:
            yield True
        finally:
            over.set()
            beating.join()
            self.shared.remove(place)

    def _is_free(self, digest: str) -> bool:
        """Return whether nobody is at a spec: no file, or one that has not changed for long."""
        found = self.shared.read(self.shared.place(digest, "taken"))
        if found is None:
            self._seen.pop(digest, None)
            return True
        before, since = self._seen.get(digest, (b"", 0.0))
        if found != before:
            self._seen[digest] = found, time.monotonic()
            return False
        return time.monotonic() - since > STALE

    def _beat(self, place: str, over: threading.Event) -> None:
        number = 0
        while not over.wait(BEAT):
            number += 1
            self.shared.write(place, self._sign(number))

    def _sign(self, number: int) -> bytes:
        return f"{self.owner} {number}\n".encode()

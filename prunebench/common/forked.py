"""The server of user code's children as a fork of this process, which has loaded what that would load anew."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
import warnings
from typing import BinaryIO

from prunebench.common.machine import may_have_gpu


def possible() -> bool:
    """Return whether this process may be forked: on Linux, with no other thread of Python, and without a GPU.

    A GPU's driver must not be used on both sides of a fork.
    """
    return sys.platform == "linux" and threading.active_count() == 1 and not may_have_gpu()


class Forked:
    """A server that was forked off this process; it has what is used here of `subprocess.Popen`.

    Attributes:
        pid: its number.
        stdin: that it ends with.
        returncode: its exit code, None while it runs.
    """

    def __init__(self, address: str) -> None:
        """Fork it; it listens at a socket of that address."""
        read, write = os.pipe()
        self.returncode: int | None = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python's, of threads: OpenBLAS minds its own
            self.pid = os.fork()
        if self.pid == 0:
            _become(address, read)
        os.close(read)
        self.stdin: BinaryIO = os.fdopen(write, "wb")

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self) -> None:
        """Wait until it has ended."""
        while self.poll() is None:
            time.sleep(0.01)


def _become(address: str, stdin: int) -> None:
    """Be the server, with nothing open that this process had, and end with it."""
    status = 1
    try:
        from prunebench.common.forking import serve

        faulthandler.disable()  # it would write to a file that is closed here
        os.dup2(stdin, 0)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        serve(address)
        status = 0
    finally:
        os._exit(status)

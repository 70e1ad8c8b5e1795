"""What user code's children are forked from: `python -m prunebench.common.forking SOCKET`, or a fork itself.

It loads what they need once and computes nothing itself, so that a fork is cheap, safe and always the same. Each call
has a child of its own; how it ended is said to the caller, and whatever it leaves behind goes with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import pickle
import resource
import select
import signal
import socket
import struct
import sys
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from prunebench.common.errors import PrunebenchError

PRELOADED = ("torch", "torch._dynamo", "torch_pruning", "prunebench.pruning.visit", "prunebench.pruning.compose")
"""What nearly every child needs, loaded before the first is forked; tracing a network loads `torch._dynamo`."""

ALSO = {
    "prunebench.runner.apart": ("prunebench.runner.apart", "prunebench.runner.evaluate", "torchvision"),
    "prunebench.conformance.report": ("prunebench.conformance.report", "torchvision"),
}
"""What children need by the module that they are asked for, loaded before the first of these; nothing of a user's."""

SHY = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
"""Warnings that Python does not show, unless it is told to."""

PATIENCE = 1.0
"""Seconds that a caller may take to say what it asks for."""

PR_SET_PDEATHSIG = 1
"""Linux's `prctl`: a signal for when the parent has gone."""


def serve(address: str) -> None:
    """Fork a child for every connection until the standard input is closed, since the caller's process has ended."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{address}.new")
    listener.listen(64)
    os.rename(f"{address}.new", address)
    _start_afresh()
    for name in PRELOADED:
        importlib.import_module(name)
    gc.freeze()  # a child's collections then touch, and so copy, nothing of this
    _Server(listener).run()


def _start_afresh() -> None:
    """Let this process be as a new one is, whatever it was forked from."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
    sys.argv[1:] = []
    warnings.resetwarnings()
    for kind in SHY:
        warnings.simplefilter("ignore", kind)


class _Server:
    """What is forked, and how it ends."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener, self.children = listener, dict[int, socket.socket]()
        self.ended, self.wake = os.pipe()
        os.set_blocking(self.wake, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.wake, warn_on_full_buffer=False)
        self.poll = select.poll()
        for number in (0, listener.fileno(), self.ended):
            self.poll.register(number, select.POLLIN)

    def run(self) -> None:
        """Serve until the standard input is closed; then every child ends."""
        while True:
            ready = {number for number, _ in self.poll.poll()}
            for pid in [pid for pid, caller in self.children.items() if caller.fileno() in ready]:
                self.poll.unregister(self.children[pid])
                _kill(pid)  # nobody waits for it any longer
            if self.ended in ready:
                os.read(self.ended, 4096)
                self._bury()
            if 0 in ready:
                for pid in self.children:
                    _kill(pid)
                return
            if self.listener.fileno() in ready:
                self._accept()

    def _accept(self) -> None:
        caller, _ = self.listener.accept()
        try:
            caller.settimeout(PATIENCE)
            length = caller.recv(1)
            asked = caller.recv(length[0]).decode() if length else ""
            caller.settimeout(None)
        except (OSError, UnicodeDecodeError):
            caller.close()
            return
        for name in ALSO.get(asked, ()):
            if name not in sys.modules:
                importlib.import_module(name)
                gc.freeze()
        server = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._leave(server)
            _work(Connection(caller.detach()))
        self.children[pid] = caller
        self.poll.register(caller, 0)  # for its end alone

    def _leave(self, server: int) -> None:
        """Be a child: keep nothing of the server, and do not outlive it."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for caller in self.children.values():
            caller.close()
        self.listener.close()
        os.close(self.ended)
        os.close(self.wake)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != server:
                os._exit(1)

    def _bury(self) -> None:
        """Say of every child that has ended how."""
        for pid, caller in list(self.children.items()):
            if not (status := os.waitpid(pid, os.WNOHANG))[0]:
                continue
            _kill(pid)  # what it has started and left
            told = json.dumps({"ended": os.waitstatus_to_exitcode(status[1])}).encode()
            with contextlib.suppress(OSError):  # it has its answer, and has gone or not read it yet
                caller.send(struct.pack("!i", len(told)) + told, socket.MSG_DONTWAIT)
            with contextlib.suppress(KeyError):
                self.poll.unregister(caller)
            caller.close()
            del self.children[pid]


def _kill(pid: int) -> None:
    """Kill a child, if it has not been waited for, and all of its session."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _work(connection: Connection) -> None:
    """Answer one call, and end without looking back: exit handlers of user code are not called."""
    own = os.getpid()
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        connection.send_bytes(json.dumps({"pid": os.getpid()}).encode())
        target, arguments, surroundings = pickle.loads(connection.recv_bytes())
        _settle(**surroundings)
        header, blob = _function(target)(*arguments)
    except SystemExit as error:
        header, blob = {"exit": repr(error.code)}, b""
    except MemoryError:
        header, blob = {"memory": True}, b""
    except BaseException as error:
        header, blob = {"error": _told(error), "kind": type(error).__name__}, b""
    if os.getpid() != own:  # a process that user code has forked, which is not asked
        os._exit(0)
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
        sys.stderr.flush()
    with contextlib.suppress(BaseException):
        connection.send_bytes(json.dumps(header).encode())
        connection.send_bytes(blob)
    os._exit(0)


def _settle(folder: str, environment: dict[str, str], path: list[str], threads: int, output: str, memory: int) -> None:
    """Make the child's surroundings those of its caller."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = path
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    file = os.open(output, os.O_WRONLY | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    if threads:  # more than the caller's would wait for each other, and scores would have other bits
        sys.modules["torch"].set_num_threads(threads)
    if memory and sys.platform != "darwin":  # what it may allocate; addresses that a GPU's driver reserves do not count
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))


def _function(target: str) -> Callable[..., tuple[dict[str, Any], bytes]]:
    module, _, name = target.partition(":")
    os.environ["PRUNEBENCH_CHILD"] = "1"
    found: Callable[..., tuple[dict[str, Any], bytes]] = getattr(importlib.import_module(module), name)
    return found


def _told(error: BaseException) -> str:
    notes = getattr(error, "__notes__", ())
    said = str(error) if isinstance(error, PrunebenchError) else f"{type(error).__name__}: {error}"
    return "\n".join([said, *notes])


if __name__ == "__main__":
    serve(sys.argv[1])

"""The process that user code's children are forked from: `python -m prunebench.common.forking SOCKET`.

It loads what they need once and computes nothing itself, so that a fork is cheap, safe and always the same. Each call
has a child of its own, watched by another one that says how it ended; whatever a child leaves behind goes with it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pickle
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from prunebench.common.errors import PrunebenchError

PRELOADED = ("torch", "torchvision", "torch_pruning", "prunebench.pruning.visit", "prunebench.pruning.compose")
"""What nearly every child needs, loaded before the first is forked."""

LATER = ("prunebench.runner.apart", "prunebench.runner.evaluate", "sklearn.datasets", "prunebench.conformance.report")
"""What some need, loaded while nobody asks."""

WATCHED = 0.05
"""Seconds between two looks at a child, and at whether its caller is still there."""


def serve(address: str) -> None:
    """Fork a child for every connection until the caller's process ends."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{address}.new")
    listener.listen(64)
    os.rename(f"{address}.new", address)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a watcher ended
    for name in PRELOADED:
        importlib.import_module(name)
    later = list(LATER)
    gc.freeze()  # a child's collections then touch, and so copy, nothing of this
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [], 0 if later else None)
        if not ready:
            importlib.import_module(later.pop(0))
            continue
        if sys.stdin in ready:  # it is closed, since the caller has ended
            return
        made, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _watch(Connection(made.detach()))
        made.close()


def _watch(connection: Connection) -> None:
    """Fork the child, say its number, and how it ended; end it where nobody waits for it any longer."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        child = os.fork()
        if child == 0:
            _work(connection)
        _, status = _ended(child, connection)
        with contextlib.suppress(OSError):
            connection.send_bytes(json.dumps({"ended": os.waitstatus_to_exitcode(status)}).encode())
    finally:
        os._exit(0)


def _ended(child: int, connection: Connection) -> tuple[int, int]:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLHUP)
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)  # what it has started and left
            return pid, status
        if poll.poll(0):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        time.sleep(WATCHED)


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


def _settle(folder: str, environment: dict[str, str], path: list[str], output: str, memory: int) -> None:
    """Make the child's surroundings those of its caller."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = path
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    file = os.open(output, os.O_WRONLY | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
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

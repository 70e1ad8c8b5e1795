"""Calls that run in a child process, so that what user code does reaches nothing of this one."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from prunebench.common import forked
from prunebench.common.errors import PrunebenchError
from prunebench.common.terminal import clock
from prunebench.common.transfer import packed

ADDRESS, INSIDE = "PRUNEBENCH_CHILDREN", "PRUNEBENCH_CHILD"
"""Environment variables: the socket of the server that this run's processes share, and the mark of a child."""

PATIENCE = 300.0
"""Seconds that the server may take to load what children need, on a busy machine."""

TAIL = 2000
"""Characters of a child's last output that its error repeats."""


class ChildError(PrunebenchError):
    """A child process that did not answer: it ran out of time or memory, ended itself, or crashed.

    Attributes:
        kind: of the error that it raised, empty where it raised none.
    """

    def __init__(self, message: str, kind: str = "") -> None:
        """Note the message and the name of the error's class."""
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Limits:
    """What one call may take.

    Attributes:
        seconds: of time; 0 for any.
        memory: bytes that it may allocate; 0 for any.
    """

    seconds: float = 3600.0
    memory: int = 0


_limits = Limits(memory=int(0.9 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))
_server: tuple[subprocess.Popen[bytes] | forked.Forked, Path] | None = None
_starting = threading.Lock()


def limit(seconds: float | None = None, memory: int | None = None) -> None:
    """Set what calls of this process may take, where not None; without it an hour, and nine tenths of the memory."""
    global _limits
    _limits = replace(
        _limits,
        seconds=_limits.seconds if seconds is None else seconds,
        memory=_limits.memory if memory is None else memory,
    )


def inside() -> bool:
    """Return whether this process is such a child, in which user code may be loaded."""
    return INSIDE in os.environ


def fork_here() -> None:
    """Fork the server off this process where that is safe, so that nothing is loaded twice.

    Call it only where torch is loaded, and nothing has been computed with it: its threads would not survive.
    """
    if _server is None and ADDRESS not in os.environ and forked.possible():
        _start(forked.Forked)


def call(target: str, *arguments: Any, who: str = "the method", limited: bool = True) -> tuple[dict[str, Any], bytes]:
    """Call a function in a child process of its own.

    Args:
        target: `package.module:function`; it returns a dictionary that JSON can hold, and bytes.
        arguments: that can be pickled. Nothing that a child sends is unpickled.
        who: is at work there, for messages.
        limited: whether time and memory are.

    Raises:
        ChildError: it ran out of time or memory, ended itself or crashed, or raised an error, whose message it has.
    """
    bounds = _limits if limited else Limits(0.0, 0)
    with tempfile.NamedTemporaryFile(prefix="prunebench-child-") as output, _connected() as connection:
        torch = sys.modules.get("torch")
        threads = torch.get_num_threads() if torch else 0
        surroundings = {"folder": os.getcwd(), "environment": dict(os.environ), "path": list(sys.path)}
        try:
            _ask(connection, target)
            pid = json.loads(connection.recv_bytes())["pid"]
            told = {**surroundings, "threads": threads, "output": output.name, "memory": bounds.memory}
            connection.send_bytes(packed((target, arguments, told)))
            return _answer(connection, pid, bounds, who, Path(output.name))
        except (EOFError, ConnectionError) as error:
            raise ChildError(f"{who}: its process has gone ({error}); run the same command again") from error
        finally:
            sys.stdout.write(Path(output.name).read_text(errors="replace"))


def _ask(connection: Connection, target: str) -> None:
    """Say what will be called, so that what it needs is loaded once."""
    module = target.partition(":")[0].encode()
    os.write(connection.fileno(), bytes([len(module)]) + module)


def _answer(connection: Connection, pid: int, bounds: Limits, who: str, output: Path) -> tuple[dict[str, Any], bytes]:
    try:
        if not connection.poll(bounds.seconds or None):
            raise ChildError(
                f"{who} has not ended within {clock(bounds.seconds)} and was stopped; if it needs more, give "
                "--pb-limit-time"
            )
        answer: dict[str, Any] = dict(json.loads(connection.recv_bytes()))
        if "ended" in answer:
            raise ChildError(f"{who} {_end(answer['ended'])}{_last(output)}")
        blob = connection.recv_bytes()
    except (EOFError, ConnectionError, ChildError):
        raise
    except (OSError, ValueError, TypeError) as error:
        raise ChildError(f"{who} sends what is no answer ({error}); it must leave open files alone") from error
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    if "exit" in answer:
        raise ChildError(f"{who} ends its process by sys.exit({answer['exit']}); it must return instead")
    if "memory" in answer:
        raise ChildError(f"{who} needs more than the {_size(bounds)} of memory that it may have{MORE_MEMORY}")
    if "error" in answer:
        short = "memory" if "can't allocate memory" in answer["error"] else ""
        text = f"{answer['error']}{f' (it may have {_size(bounds)}{MORE_MEMORY})' if short else ''}"
        raise ChildError(text, answer["kind"])
    return answer, blob


MORE_MEMORY = "; if it needs more, give --pb-limit-memory"


def _size(bounds: Limits) -> str:
    return f"{bounds.memory / 2**30:.1f} GiB"


def _end(status: int) -> str:
    if status < 0:
        name = signal.Signals(-status).name
        why = ", for want of memory perhaps" if name == "SIGKILL" else ""
        return f"crashed its process ({name}{why})"
    return f"ended its process, with code {status}, and has returned nothing; os._exit is not for methods"


def _last(output: Path) -> str:
    text = output.read_text(errors="replace").strip()
    return f"; its last words:\n{text[-TAIL:]}" if text else ""


def _connected() -> Connection:
    """Return a connection to a new child; a server that has gone is started anew, once."""
    for again in (True, False):
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(_address())
            return Connection(client.detach())
        except OSError as error:
            client.close()
            _stop()
            os.environ.pop(ADDRESS, None)
            if not again:
                raise ChildError(f"cannot start a process for user code: {error}") from error
    raise AssertionError


def _address() -> str:
    """Return where the server listens: the one of this run, which is started if there is none yet."""
    with _starting:
        if _server is None and ADDRESS in os.environ:
            return _waited(os.environ[ADDRESS])
        if _server is None:
            _start(_spawned)
        assert _server is not None
        return _waited(str(_server[1] / "socket"))


def _start(make: Callable[[str], subprocess.Popen[bytes] | forked.Forked]) -> None:
    global _server
    folder = Path(tempfile.mkdtemp(prefix="prunebench-"))  # for this user's eyes alone
    address = str(folder / "socket")
    _server = make(address), folder
    os.environ[ADDRESS] = address
    atexit.register(_stop)


def _spawned(address: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "prunebench.common.forking", address],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def _waited(address: str) -> str:
    """Wait until the server listens."""
    end = time.monotonic() + PATIENCE
    while not Path(address).exists() and time.monotonic() < end:
        if _server is not None and _server[0].poll() is not None:
            raise OSError(f"its server ended with code {_server[0].returncode}")
        time.sleep(0.01)
    return address


def _stop() -> None:
    global _server
    if _server is not None:
        process, folder = _server
        _server = None
        if process.stdin is not None:
            process.stdin.close()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)

"""A kill or an error of the disk at every system call of what is written: before it, after it, never half of it.

A child is forked for every try, so that nothing is imported twice; strace attaches to it and does the harm.
"""

import ctypes
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path

from flips import SPEC
from outcome_files import as_folder
from tally import Tally

from prunebench.common.errors import PrunebenchError
from prunebench.common.folders import UNFINISHED, write_whole
from prunebench.store import leftovers
from prunebench.store.repack import repack
from prunebench.store.store import Store

CALLS = ("openat", "write", "fsync", "rename", "mkdir", "unlink", "rmdir", "close", "flock", "unlinkat")
ERRORS = ("ENOSPC", "EIO", "EDQUOT")
WEIGHTS = {"weights.safetensors": b"w" * 20_000}


def opened(root):
    store = Store(root / "data", root / "work")
    store.prepare()
    return store


def put(root):
    opened(root).put(SPEC, {"accuracy": 98.5}, WEIGHTS)


def record(root):
    write_whole(root / "records" / "smoke" / "row.json", json.dumps({"accuracy": 98.5}), lasting=True)


def packed(root):
    for _, problem in repack(opened(root)):
        if problem:
            raise PrunebenchError(problem)


def folder_there(root):
    as_folder(opened(root).put(SPEC, {"accuracy": 98.5}, WEIGHTS).place)


def outcome(root):
    """Return what a later run finds, after its sweep; None for nothing."""
    store = opened(root)
    leftovers.sweep(store)
    found = store.get(SPEC)
    return found and (found.facts, found.read("weights.safetensors"))


def text(root):
    path = root / "records" / "smoke" / "row.json"
    return path.read_text() if path.exists() else None


ACTIONS = {
    "put": (put, outcome, None),
    "record": (record, text, None),
    "pack a folder": (packed, outcome, folder_there),
}
"""By name: what is done, how its result is read, and what is there before, of which nothing may be lost."""


def under_strace(action, root, *options):
    """Do something in a child while strace watches; return its exit status and the log."""
    ready, go = os.pipe(), os.pipe()
    log = root.parent / "trace"
    child = os.fork()
    if child == 0:
        _do(action, root, ready[1], go[0])
    os.read(ready[0], 1)
    traced = ["strace", "-qq", "-o", str(log), "-p", str(child), "-e", f"trace={','.join(CALLS)}", *options]
    tracer = subprocess.Popen(traced, stderr=subprocess.DEVNULL)
    while "TracerPid:\t0\n" in Path(f"/proc/{child}/status").read_text() and tracer.poll() is None:
        time.sleep(0.001)
    os.write(go[1], b"x")
    _, status = os.waitpid(child, 0)
    tracer.wait(timeout=30)
    for number in (*ready, *go):
        os.close(number)
    return status, log.read_text() if log.exists() else ""


def _do(action, root, ready, go):
    """Be the child: 0 for done, 1 for an error that explains itself, 2 for a raw one."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1))  # PR_SET_PTRACER: a sibling may trace it
    status = 2
    try:
        os.write(ready, b"x")
        os.read(go, 1)
        os.getppid()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            action(root)
        status = 0
    except (PrunebenchError, OSError):  # OSError of `write_whole`, which says so
        status = 1
    finally:
        os._exit(status)


def run(seed, tries):
    """Harm every call of every action, or so many of them as there are tries."""
    for name, (action, read, before) in ACTIONS.items():
        tally = Tally(f"system calls: {name}")
        if shutil.which("strace") is None or not _can():
            tally.left_out = "strace is not here, or may not attach"
            yield tally
            continue
        with tempfile.TemporaryDirectory(prefix="torture-") as folder:
            root = Path(folder) / "root"
            points = [re.match(r"(?:\d+ +)?(\w+)\(", line) for line in _fresh(root, action, before)[1].splitlines()]
            wanted, harms = (read(root), before is not None), _harms([found[1] for found in points if found])
            step = max(1, len(harms) * len(ACTIONS) // tries)
            for call, number, harm in harms[seed % step :: step]:
                status, _ = _fresh(root, action, before, "-e", f"inject={call}:{harm}:when={number}")
                _judge(tally, f"{harm} at {call} {number}", os.waitstatus_to_exitcode(status), read, root, wanted)
        yield tally


def _can():
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        root = Path(folder) / "root"
        root.mkdir()
        return "openat" in under_strace(record, root)[1]


def _fresh(root, action, before, *options):
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    if before is not None:
        before(root)
    return under_strace(action, root, *options)


def _harms(calls):
    seen, harms = {}, []
    for call in calls:
        seen[call] = seen.get(call, 0) + 1
        harms.append((call, seen[call], "signal=KILL"))
        harms += [(call, seen[call], f"error={error}") for error in ERRORS]
    return harms


def _judge(tally, what, code, read, root, wanted):
    """See what is left: all of it if the action said it was done, else all or nothing, and no half file in the way."""
    for left in (path for path in root.rglob("*") if path.name.endswith(UNFINISHED)):
        os.utime(left, (0, 0))
    try:
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            found = read(root)
    except Exception as error:
        return tally.add("raw", f"{what}: then {error!r}"[:200])
    if code == 2:
        return tally.add("raw", what)
    all_of_it, kept = wanted
    if found != all_of_it and (found is not None or code == 0 or kept):
        return tally.add("silent", f"{what}: ended with {code}, found {str(found)[:80]}")
    return tally.add("whole" if found else "nothing")

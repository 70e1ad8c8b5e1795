"""What killed writers left in a store, swept once nobody owns it: it is never read and never versioned."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from prunebench.common.folders import abandoned
from prunebench.store.repack import restore
from prunebench.store.store import Store

HOUR = 3600.0
"""Seconds without a change after which what has no owner that could be asked for belongs to nobody."""


def sweep(store: Store) -> int:
    """Remove all leftovers; return how many there were. One that cannot be removed stays."""
    with suppress(OSError):
        restore(store)
    return sum(_removed(path) for path in [*_leftovers(store.data, store.work)])


def _leftovers(data: Path, work: Path) -> Iterator[Path]:
    for folder in (data / "checkpoints", *data.glob("records/*"), work / "partial"):
        yield from abandoned(folder)
    yield from (path for path in _unowned(data, work) if _still(path))
    for path in work.glob("partial/*.safetensors"):
        if (data / "checkpoints" / path.stem).exists():  # killed between the two
            yield path


def _unowned(data: Path, work: Path) -> Iterator[Path]:
    """Yield what an import, a look whether the store can be written, and earlier versions leave."""
    yield from data.glob("datasets/.*.part")
    yield from data.glob(".probe-*")
    yield from (path for path in data.glob("checkpoints/.*") if re.fullmatch(r"\.\w{64}\.\w{32}", path.name))
    yield from (path for path in work.glob("partial/*") if re.fullmatch(r"\w{64}\.\d+", path.name))


def _still(path: Path) -> bool:
    """Return whether nothing in it has changed for an hour."""
    with suppress(OSError):
        return time.time() - max(p.stat().st_mtime for p in (path, *path.rglob("*"))) > HOUR
    return False


def _removed(path: Path) -> bool:
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError:
        return False
    return True

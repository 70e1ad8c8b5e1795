"""Functions and classes of a notebook as `path/to/file.py:NAME`, whose source names them in specs."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prunebench.common import userfile
from prunebench.common.errors import PrunebenchError
from prunebench.common.folders import write_whole


def method_file(reference: str) -> Path | None:
    """Return the file of `path/to/file.py:NAME`, None for the name of a method."""
    path, colon, _ = reference.rpartition(":")
    return Path(path).absolute() if colon else None


def reference(thing: str | Callable[..., Any], work: Path) -> str:
    """Return how a run is told of a function or class.

    One of a module is told by the module's file. One that was written in a notebook or script is copied to a file of
    its own, and run from there, so that what an outcome is named after is all that it can depend on.

    Args:
        thing: a name, `path/to/file.py:NAME`, or a function or class.
        work: folder for what needs no keeping.

    Raises:
        PrunebenchError: it has no name or source.
    """
    if isinstance(thing, str):
        path = method_file(thing)
        return f"{path}:{thing.rpartition(':')[2]}" if path else thing
    name = getattr(thing, "__qualname__", type(thing).__qualname__)
    if not (inspect.isfunction(thing) or inspect.isclass(thing)) or not name.isidentifier():
        raise PrunebenchError(
            f"{name} is no function or class at the top of a module or notebook: nothing could name its outcomes. Give "
            "it a name by `def` or `class`, or write it to a file and give path/to/file.py:NAME"
        )
    file = getattr(sys.modules.get(thing.__module__), "__file__", None)
    if thing.__module__ != "__main__" and file:
        return f"{file}:{name}"
    return f"{_copied(thing, name, work)}:{name}"


def _copied(thing: Callable[..., Any], name: str, work: Path) -> Path:
    try:
        source = textwrap.dedent(inspect.getsource(thing))
    except (OSError, TypeError) as error:
        raise PrunebenchError(
            f"{name} has no source that can be read; write it to a file and give path/to/file.py:{name}"
        ) from error
    path = work / "sources" / f"{name}-{userfile.digest(source.encode())[:12]}.py"
    write_whole(path, source)
    return path

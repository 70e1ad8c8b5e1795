"""What a user's Python file defines, and where an error in it lies."""

from __future__ import annotations

import difflib
import hashlib
import sys
import sysconfig
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from prunebench.common.errors import PrunebenchError


class UserFileError(PrunebenchError):
    """A user's file that cannot be read or run, or does not define what it should."""


def read(reference: str) -> tuple[str, str, bytes]:
    """Return path, name and source of `path/to/file.py:NAME`; the file is not run.

    Raises:
        UserFileError: it names nothing, or the file cannot be read.
    """
    path, _, name = reference.rpartition(":")
    if not path or not name:
        raise UserFileError(f"{reference!r} names nothing in a file; write path/to/file.py:NAME")
    try:
        return path, name, Path(path).read_bytes()
    except OSError as error:
        raise UserFileError(f"cannot read {path}: {error.strerror}; write path/to/file.py:NAME") from error


def digest(source: bytes) -> str:
    """Return the sha256 of a source, which names what it defines in specs."""
    return hashlib.sha256(source).hexdigest()


def load(reference: str) -> tuple[str, Any]:
    """Run a user's file, and return the digest of its source and what it defines under a name.

    The digest covers this one file, so nothing can be imported from beside it.

    Args:
        reference: `path/to/file.py:NAME`.

    Raises:
        UserFileError: the file cannot be read, does not parse, fails or has no such name.
    """
    path, name, source = read(reference)
    module = _execute(path, source, f"prunebench_user_{digest(source)}")
    if not hasattr(module, name):
        own = [n for n, v in vars(module).items() if getattr(v, "__module__", None) == module.__name__ and n[0] != "_"]
        near = "".join(f"; did you mean {match}?" for match in difflib.get_close_matches(name, own, n=1, cutoff=0.5))
        raise UserFileError(f"{path} has no {name!r}; it defines {', '.join(own) or 'no function or class'}{near}")
    return digest(source), getattr(module, name)


def _execute(path: str, source: bytes, name: str) -> ModuleType:
    """Run the very bytes whose digest is in the specs."""
    module = ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module  # dataclasses and pickle look their module up by name
    try:
        exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    except SyntaxError as error:
        raise UserFileError(
            f"{path} does not parse, line {error.lineno}: {(error.text or '').strip()} ({error.msg})"
        ) from error
    except (Exception, SystemExit) as error:
        raise UserFileError(f"{path} fails when loaded{where(error, path)}: {said(error)}") from error
    return module


def where(error: BaseException, path: str = "") -> str:
    """Return the last line of the user's code that an error passed through, empty if it passed through none.

    Without a path the user's file is that of the first function outside of this package and of installed ones.
    """
    frames = traceback.extract_tb(error.__traceback__)[1:]
    others = str(Path(__file__).parents[1]), sysconfig.get_path("stdlib"), "<"
    theirs = [f.filename for f in frames if not f.filename.startswith(others) and "site-packages" not in f.filename]
    own = [frame for frame in frames if frame.filename == (path or next(iter(theirs), None))]
    return f" ({own[-1].filename}, line {own[-1].lineno}: {own[-1].line})" if own else ""


def said(error: BaseException) -> str:
    """Return an error's type and message."""
    return f"{type(error).__name__}: {error}"

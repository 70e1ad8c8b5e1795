"""Methods in a user's file: loading, and what is said of one that does not serve."""

from __future__ import annotations

import difflib
import hashlib
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from prunebench.errors import PrunebenchError
from prunebench.experiment import Method


class MethodError(PrunebenchError):
    """A method that cannot be found, loaded or used; says where and what would do."""


def load_file(reference: str) -> tuple[Method, Any]:
    """Load a user's method.

    Args:
        reference: `path/to/file.py:NAME`. NAME is a function `prune(network, ratio, context) -> Plan`, or a class
            that is made without arguments and is callable like that or has such a method `prune`; it may also have a
            method `regulariser(network)`, called after each backward pass of training to add to the gradients,
            `after_epoch(network, epochs)`, called after each epoch, and `inherit(network, plan, context)`, which
            returns a copy of the network, of the same shapes, with the weights that the pruned network gets. With
            an attribute `at_initialisation` that is true it prunes the untrained network.

    Returns:
        The method, with the sha256 of the file as its source, and the function or a new instance. The
        digest covers this one file, so nothing can be imported from beside it.

    Raises:
        MethodError: says which of these does not hold.
    """
    path, _, name = reference.rpartition(":")
    if not path or not name:
        raise MethodError(f"{reference!r} names no method; write path/to/file.py:NAME, or the name of an installed one")
    try:
        source = Path(path).read_bytes()
    except OSError as error:
        raise MethodError(f"cannot read {path}: {error.strerror}; write path/to/file.py:NAME") from error
    digest = hashlib.sha256(source).hexdigest()
    found = _named(_execute(path, source, f"prunebench_method_{digest}"), name, path)
    return Method(name, source=digest), found


def _execute(path: str, source: bytes, name: str) -> ModuleType:
    """Run the very bytes whose digest names the method."""
    module = ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module  # dataclasses and pickle look their module up by name
    try:
        exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    except SyntaxError as error:
        raise MethodError(
            f"{path} does not parse, line {error.lineno}: {(error.text or '').strip()} ({error.msg})"
        ) from error
    except (Exception, SystemExit) as error:
        raise MethodError(f"{path} fails when loaded{where(error, path)}: {said(error)}") from error
    return module


def _named(module: ModuleType, name: str, path: str) -> Any:
    if not hasattr(module, name):
        own = [n for n, v in vars(module).items() if getattr(v, "__module__", None) == module.__name__ and n[0] != "_"]
        near = "".join(f"; did you mean {match}?" for match in difflib.get_close_matches(name, own, n=1, cutoff=0.5))
        raise MethodError(f"{path} has no {name!r}; it defines {', '.join(own) or 'no function or class'}{near}")
    return usable(getattr(module, name), name, path)


def usable(found: Any, name: str, path: str) -> Any:
    """Return a method's function, or an instance of its class.

    Args:
        found: what the method's name stands for.
        name: of the method.
        path: of the file that it comes from.

    Raises:
        MethodError: it is neither, or the class needs arguments.
    """
    if inspect.isclass(found):
        try:
            found = found()
        except Exception as error:
            raise MethodError(f"{path}: {name}() without arguments fails{where(error, path)}: {said(error)}") from error
    if not callable(prune_of(found)):
        raise MethodError(
            f"{path}: {name} is {type(found).__name__} and cannot be called; it must be a function "
            "prune(network, ratio, context) -> Plan, or a class that is callable like that or has a method prune"
        )
    return found


def prune_of(found: Any) -> Any:
    """Return the function that prunes: the method itself, or its method `prune`."""
    return getattr(found, "prune", found)


def where(error: BaseException, path: str = "") -> str:
    """Return the last line of the user's code that an error passed through, empty if it passed through none.

    Without a path the user's file is that of the first function outside of this package and of installed ones.
    """
    frames = traceback.extract_tb(error.__traceback__)[1:]
    ours = str(Path(__file__).parents[1])
    theirs = [f.filename for f in frames if not f.filename.startswith(ours) and "site-packages" not in f.filename]
    own = [frame for frame in frames if frame.filename == (path or next(iter(theirs), None))]
    return f" ({own[-1].filename}, line {own[-1].lineno}: {own[-1].line})" if own else ""


def said(error: BaseException) -> str:
    """Return an error's type and message."""
    return f"{type(error).__name__}: {error}"

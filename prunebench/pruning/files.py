"""Methods in a user's file: loading, and what is said of one that does not serve."""

from __future__ import annotations

import inspect
from typing import Any

from prunebench.common import userfile
from prunebench.common.errors import PrunebenchError
from prunebench.common.userfile import said, where
from prunebench.pruning.adapters import adapted
from prunebench.specs.experiment import Method


class MethodError(PrunebenchError):
    """A method that cannot be found, loaded or used; says where and what would do."""


def load_file(reference: str) -> tuple[Method, Any]:
    """Load a user's method, in one of the forms that `adapters` knows.

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
        source, found = userfile.load(reference)
    except userfile.UserFileError as error:
        raise MethodError(str(error)) from error
    return Method(name, source=source), usable(found, name, path)


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
            "prune(network, ratio, context) -> Plan or score(network, context), a class that is callable like that or "
            "has a method prune, or an importance of Torch-Pruning"
        )
    return found


def prune_of(found: Any) -> Any:
    """Return the function that prunes: the method itself, or its method `prune`, in whichever form of `adapters`."""
    return adapted(getattr(found, "prune", found))

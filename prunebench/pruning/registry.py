"""Methods by name: the registry's own, those of installed packages, and those in a user's file."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from prunebench.common.child import inside
from prunebench.common.errors import UnknownNameError
from prunebench.common.userfile import digest
from prunebench.pruning import guests, installed
from prunebench.pruning.files import MethodError, load_file, prune_of
from prunebench.specs.experiment import Method

if TYPE_CHECKING:
    from torch import nn

    from prunebench.pruning.context import Context
    from prunebench.pruning.plan import Plan

Prune: TypeAlias = "Callable[[nn.Module, float, Context], Plan | nn.Module]"
Inherit: TypeAlias = "Callable[[nn.Module, Plan, Context], nn.Module]"


__all__ = [
    "MethodError",
    "found",
    "inheritance",
    "load",
    "load_file",
    "methods",
    "named",
    "resolve",
]


def methods() -> dict[str, str]:
    """Return all methods, each with one line that says what it does and where it comes from.

    Those of packages follow the registry's own; one that cannot be loaded has its error as its line.
    """
    documents = {file.stem: ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) for file in _files()}
    own = {name: (document or "").splitlines()[0] for name, document in documents.items()}
    return own | {name: line for name, line in installed.lines().items() if name not in own}


def _files() -> list[Path]:
    return sorted((Path(__file__).parent / "methods").glob("[!_]*.py"))


def named(name: str) -> Method:
    """Return a method of the registry or of an installed package, the latter with its source.

    Raises:
        UnknownNameError: there is none of this name.
        MethodError: the package's method cannot be loaded.
    """
    if any(file.stem == name for file in _files()):
        return Method(name)
    if name not in installed.entries():
        raise UnknownNameError("method", name, methods())
    return guests.described(name)[0]


def load(reference: str) -> tuple[Method, Any]:
    """Run a user's file or package, and return its method: an installed one by its name, or as `load_file` does.

    It is for a child process; `guests.described` says what a method is without running it in this one.

    Raises:
        MethodError: there is no such method, or it cannot be loaded.
    """
    return installed.load(reference) if reference in installed.entries() else load_file(reference)


def found(method: Method, file: Path | None = None) -> Any:
    """Return what is behind a method: a module of the registry, or the function or instance of a package or file.

    Args:
        method: as `named` or `load_file` returned it, or of the registry.
        file: the user's file, for a method that comes from one.

    Raises:
        UnknownNameError: there is no such method.
        MethodError: the user's file is not given, cannot be loaded or is no longer the same.
    """
    if not method.source:
        if named(method.name).source:
            raise MethodError(f"{method.name} is an installed method and needs its source: registry.named gives it")
        return import_module(f"prunebench.pruning.methods.{method.name}")
    if not _is_of(method, file):
        package = installed.find(method)
        if package is not None:
            return package
        _check_given(method, file)
    return load_file(f"{file}:{method.name}")[1]


def _is_of(method: Method, file: Path | None) -> bool:
    return file is not None and file.is_file() and digest(file.read_bytes()) == method.source


def _check_given(method: Method, file: Path | None) -> None:
    """Make sure that what a method's source names is here, without running it."""
    if _is_of(method, file) or installed.source_of(method.name) == method.source:
        return
    if file is None:
        raise MethodError(
            f"{method.name} is a method of a user's file, which is not given: pass path/to/file.py:{method.name}, or "
            f"install the package that it came from (sha256 {method.source[:12]})"
        )
    raise MethodError(f"{file} has changed since this run was planned (its sha256 was {method.source[:12]}): run again")


def resolve(method: Method, file: Path | None = None) -> Prune:
    """Return the function behind a method's name; arguments and errors are those of `found`.

    That of a user's or an installed method asks a child process, in which alone its code runs.
    """
    if method.source and not inside():
        _check_given(method, file)
        return partial(guests.prune, method, file, **method.options.as_dict())
    prune: Prune = prune_of(found(method, file))
    return partial(prune, **method.options.as_dict())


def inheritance(method: Method, file: Path | None = None) -> Inherit | None:
    """Return the method's own rule for the weights that the pruned network inherits, None where it keeps what it had.

    Arguments and errors are those of `found`.
    """
    if method.source and not inside():
        reference = f"{file}:{method.name}" if file else method.name
        return partial(guests.inherit, method, file) if guests.described(reference)[1].inherit else None
    inherit: Inherit | None = getattr(found(method, file), "inherit", None)
    return inherit

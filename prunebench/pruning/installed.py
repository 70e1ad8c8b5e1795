"""Methods of installed packages: entry points of the group `prunebench.methods`.

[project.entry-points."prunebench.methods"]
mine = "my_package.my_module:Mine"
"""

from __future__ import annotations

import inspect
import sys
from contextlib import suppress
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from prunebench.common.userfile import digest, said
from prunebench.pruning.files import MethodError, usable
from prunebench.specs.experiment import Method

GROUP = "prunebench.methods"


def entries() -> dict[str, EntryPoint]:
    """Return the entry points by the name of the method."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def lines() -> dict[str, str]:
    """Return by method the first line of its docstring, or the error of one that cannot be loaded."""
    return {name: _line(name) for name in sorted(entries())}


def _line(name: str) -> str:
    try:
        found = load(name)[1]
    except MethodError as error:
        return f"cannot be used: {error}"
    document = inspect.getdoc(found) or inspect.getdoc(sys.modules[found.__module__]) or "no docstring"
    return document.splitlines()[0]


def load(name: str) -> tuple[Method, Any]:
    """Return an installed method, with the sha256 of its module's file as source, and its function or a new instance.

    What it offers is as in a user's file (`files.load_file`).

    Raises:
        MethodError: it cannot be loaded, or is nothing that prunes.
    """
    entry = entries()[name]
    package = entry.dist.name if entry.dist else "an unknown package"
    try:
        found = entry.load()
        path = Path(inspect.getfile(sys.modules[entry.module]))
        source = digest(path.read_bytes())
    except (Exception, SystemExit) as error:
        raise MethodError(
            f"{name} of {package} ({entry.value}) fails when loaded: {said(error)}; update or remove {package}"
        ) from error
    return Method(name, source=source), usable(found, name, f"{path}")


def source_of(name: str) -> str:
    """Return the sha256 of an installed method's module, which is not run; empty where there is none."""
    if name not in entries():
        return ""
    with suppress(ImportError, ValueError, OSError):
        spec = find_spec(entries()[name].module)
        return digest(Path(spec.origin).read_bytes()) if spec and spec.origin else ""
    return ""


def find(method: Method) -> Any | None:
    """Return the installed method of this name and source, None if there is none that can be loaded."""
    if method.name in entries():
        with suppress(MethodError):  # a broken one must not stand in the way of a file's method of its name
            loaded, found = load(method.name)
            return found if loaded.source == method.source else None
    return None

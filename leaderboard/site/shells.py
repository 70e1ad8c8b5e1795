"""Templates -> pages, and the files that all pages share."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from prunebench.common.errors import PrunebenchError

from . import plots, wording
from .collect import file_name

_HERE = Path(__file__).parents[1]


class BundleError(PrunebenchError):
    """A library of the pages is not the one that they were made for."""


def write(name: str, file: Path, root: str = "", **values: Any) -> None:
    """Write a page, from the template of that name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(template(name).render(root=root, **values), "utf-8")


@cache
def template(name: str) -> Template:
    """Return a template; everything that is put into it is escaped."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_HERE / "templates")
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = ("amount", "measured", "arm", "words", "signed", "quantity", "duration", "spread", "several")
    made.filters.update({name: getattr(wording, name) for name in filters}, file=file_name)
    made.globals.update(strip=plots.strip, axis=plots.axis, lines=plots.lines)
    return made


def write_assets(folder: Path) -> None:
    """Write scripts, styles and the libraries to `folder`.

    Raises:
        BundleError: the installed itables has another bundle than the one that is known.
    """
    static = _HERE / "static"
    for own in (path for path in static.rglob("*") if path.is_file()):
        place = folder / own.relative_to(static)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(own.read_bytes())
    tables = files("itables") / "html"
    (folder / "datatables.css").write_bytes((tables / "dt_bundle.css").read_bytes())
    (folder / "datatables.js").write_text(_classic((tables / "dt_bundle.js").read_text("utf-8")), "utf-8")


def _classic(module: str) -> str:
    """Return an ES module as a classic script that sets `window.DataTable`; browsers load no module from `file://`."""
    export = re.compile(r"export\{[^}]*?(\w+) as default[^}]*\};?")
    body, found = export.subn(r"window.DataTable=\1;", module)
    if found != 1:
        raise BundleError("this itables has another bundle than 2.9; install the version of constraints.txt")
    return f'(()=>{{"use strict";{body}\n}})();\n'

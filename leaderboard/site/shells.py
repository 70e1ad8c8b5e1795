"""Templates -> pages without their data, which scripts fill in; and the files that all pages share."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from prunebench.common.errors import PrunebenchError

from .columns import script_json

_HERE = Path(__file__).parents[1]
_SLOT = "\0"


class BundleError(PrunebenchError):
    """A library of the pages is not the one that they were made for."""


def row() -> tuple[str, str, str, str]:
    """Return a row's page, split where its title (twice) and its data go."""
    text = _environment().get_template("row.html").render(root="../../", title=_SLOT, data=_SLOT)
    first, second, third, fourth = text.split(_SLOT)
    return first, second, third, fourth


def write(template: str, file: Path, **values: Any) -> None:
    """Write a page; `data` among the values becomes JSON in it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    root = "" if template == file.name else "../"
    values["data"] = Markup(script_json(values.get("data", {})))
    file.write_text(_environment().get_template(template).render(root=root, **values), "utf-8")


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_HERE / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def write_assets(folder: Path) -> None:
    """Write scripts, styles and the libraries to `folder`.

    Raises:
        BundleError: the installed itables has another bundle than the one that is known.
    """
    folder.mkdir()
    for own in (_HERE / "static").iterdir():
        (folder / own.name).write_bytes(own.read_bytes())
    plotly = files("plotly") / "package_data" / "plotly.min.js"
    tables = files("itables") / "html"
    (folder / "plotly.min.js").write_bytes(plotly.read_bytes())
    (folder / "datatables.css").write_bytes((tables / "dt_bundle.css").read_bytes())
    (folder / "datatables.js").write_text(_classic((tables / "dt_bundle.js").read_text("utf-8")), "utf-8")


def _classic(module: str) -> str:
    """Return an ES module as a classic script that sets `window.DataTable`; browsers load no module from `file://`."""
    export = re.compile(r"export\{[^}]*?(\w+) as default[^}]*\};?")
    body, found = export.subn(r"window.DataTable=\1;", module)
    if found != 1:
        raise BundleError("this itables has another bundle than 2.9; install the version of constraints.txt")
    return f'(()=>{{"use strict";{body}\n}})();\n'

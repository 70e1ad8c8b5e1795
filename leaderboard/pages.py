"""Records -> a static site that works from `file://` and asks no other machine for anything."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leaderboard import figures, views
from leaderboard.collect import file_name
from prunebench.errors import PrunebenchError
from prunebench.record import AnyRecord, Record, dump

MARKER = ".prunebench-site"
"""File that says that a folder is a built site, which the next build may replace."""

_HERE = Path(__file__).parent


class SiteError(PrunebenchError):
    """The site cannot be written where it was asked for."""


def build(records: Sequence[AnyRecord], out: Path) -> None:
    """Write the site to `out`, replacing what an earlier build left there; a build that fails changes nothing.

    Raises:
        SiteError: `out` holds something that is no site, or cannot be written.
    """
    out = out.resolve()
    if out.exists() and not (out.is_dir() and ((out / MARKER).is_file() or not any(out.iterdir()))):
        raise SiteError(f"{out} holds other things than a site; give --out a new or empty folder")
    beside = out.with_name(f".{out.name}-{uuid.uuid4().hex[:8]}")
    try:
        beside.mkdir(parents=True)
        _write_pages(records, beside)
        _write_assets(beside / "assets")
        _replace(out, beside)
    except OSError as error:
        raise SiteError(f"cannot write the site to {out}: {error}; give --out another folder") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _replace(out: Path, new: Path) -> None:
    old = out.with_name(f"{new.name}-old")
    if out.exists():
        out.rename(old)
    new.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _write_pages(records: Sequence[AnyRecord], folder: Path) -> None:
    pages = _environment()
    tiers = views.tiers(records)
    index = pages.get_template("index.html").render(tiers=tiers, root="")
    (folder / "index.html").write_text(index, "utf-8")
    (folder / MARKER).write_text("")
    for record in (row for tier in tiers for row in tier.rows):
        _write_row(record, folder / views.page_of(record), pages)


def _write_row(record: Record, file: Path, pages: Environment) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    page = pages.get_template("row.html").render(record=record, root="../../", json=f"{file_name(record.row)}.json")
    file.write_text(page, "utf-8")
    file.with_suffix(".json").write_text(dump(record), "utf-8")


def _environment() -> Environment:
    loader = FileSystemLoader(_HERE / "templates")
    pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    pages.globals |= {"views": views, "figures": figures}
    pages.filters |= {
        name: getattr(views, name) for name in ("arm_label", "words", "signed", "mean", "std", "span", "quantity")
    }
    return pages


def _write_assets(folder: Path) -> None:
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
        raise SiteError("this itables has another bundle than 2.9; install the version of constraints.txt")
    return f'(()=>{{"use strict";{body}\n}})();\n'

"""Records -> a static site that works from `file://` and without JavaScript, and asks no other machine for anything."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from prunebench.common.errors import PrunebenchError
from prunebench.protocol import tables
from prunebench.protocol.tiers import base
from prunebench.records.record import AnyRecord, dump, name_of

from . import claim_page, columns, evidence, front, history, method_page, opposites, origin, publish, shells
from .challenges import Challenges, Reruns, unmatched
from .collect import NoRecordsError, Source, file_name
from .evidence import Group
from .origin import Origin
from .rows import Found, Writer, write_rows
from .views import Line, notice

MARKER = ".prunebench-site"
"""File that says that a folder is a built site, which the next build may replace."""

FIRST = 100
"""Rows of a group that the page of methods has without JavaScript."""

_TIERS = ("paper", "quick", "laptop", "smoke")


class SiteError(PrunebenchError):
    """The site cannot be written where it was asked for."""


def build(records: Iterable[AnyRecord], out: Path, challenges: Challenges | None = None) -> list[str]:
    """Write the site of records to `out`; as `build_from`.

    Returns:
        One line for each thing that was left out.
    """
    return build_from(((name_of(record), record) for record in records), out, challenges or {}).skipped


def build_from(
    sources: Iterable[Source],
    out: Path,
    challenges: Challenges,
    nothing: str = "no records given",
    folder: Path | None = None,
    reruns: Reruns | None = None,
) -> Found:
    """Write the site to `out`, replacing what an earlier build left there; a build that fails changes nothing.

    Args:
        sources: of the records; they are read one by one, in several processes if there are many.
        out: folder of the site.
        challenges: to be shown with the records.
        nothing: what to say if no record can be read.
        reruns: to be shown with the records.
        folder: that the records were read from, whose history tells what changed; None where they come from no files.

    Raises:
        NoRecordsError: there is no record that can be read.
        SiteError: `out` holds something that is no site, or cannot be written.
    """
    out = out.resolve()
    if out.exists() and not (out.is_dir() and ((out / MARKER).is_file() or not any(out.iterdir()))):
        raise SiteError(f"{out} holds other things than a site; give --out a new or empty folder")
    beside = out.with_name(f".{out.name}-{uuid.uuid4().hex[:8]}")
    try:
        beside.mkdir(parents=True)
        here = origin.here(Path(__file__).parents[2])
        found = write_rows(sources, Writer(beside, here, challenges, reruns or {}))
        if not found.tiers:
            raise NoRecordsError("; ".join([nothing, *found.skipped]))
        _write_overviews(found, beside, challenges, here, history.steps(folder) if folder else [])
        shells.write_assets(beside / "assets")
        (beside / MARKER).write_text("")
        _replace(out, beside)
    except OSError as error:
        raise SiteError(f"cannot write the site to {out}: {error}; give --out another folder") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    rows = ((found.tiers[group][0], line["row"]) for group, lines in found.lines.items() for line in lines)
    claims = ((record.tier, record.name) for records in found.claims.values() for record in records)
    found.skipped += unmatched(challenges, chain(rows, claims))
    return found


def _replace(out: Path, new: Path) -> None:
    old = out.with_name(f"{new.name}-old")
    if out.exists():
        out.rename(old)
    new.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _write_overviews(
    found: Found, folder: Path, challenges: Challenges, here: Origin, steps: Sequence[history.Step]
) -> None:
    paper = tables.load()
    order = sorted(found.tiers, key=lambda group: _rank(found, group))
    tellings = opposites.read(opposites.FOLDER, found.skipped)
    groups = [_group(name, found, tellings) for name in order]
    _write_data(found, groups, folder)
    shared: dict[str, Any] = {
        "origin": here,
        "notices": {group.key: notice(found.tiers[group.key][0]) for group in groups},
    }
    told = front.values(groups, paper)
    shells.write("index.html", folder / "index.html", **shared, **told)
    _write_claims(groups, paper, folder, challenges, shared)
    _write_methods(groups, paper, folder, shared)
    sizes: dict[str, Any] = {"rows": sum(len(one.lines) for one in groups), "verdicts": _verdicts(groups)}
    full = any(group.key == "paper" for group in groups)
    shells.write("data.html", folder / "data.html", **shared, **sizes, ended=told["ended"], full=full)
    shells.write("submit.html", folder / "submit.html", **shared)
    known = {f"rows/{group.key}/{line.get('file', row)}.html" for group in groups for row, line in group.lines.items()}
    shells.write("changes.html", folder / "changes.html", **shared, steps=steps, known=known)
    updated = steps[0].date if steps else told["ended"] or "1970-01-01T00:00:00Z"
    shells.write("changes.atom", folder / "changes.atom", steps=steps, updated=updated)
    shells.write("moved.html", folder / "plots.html", target="index.html")


def _verdicts(groups: Sequence[Group]) -> int:
    return sum(sum(map(len, kind.values())) for group in groups for kind in (group.judged, group.tests))


def _write_data(found: Found, groups: Sequence[Group], folder: Path) -> None:
    listed = [
        {
            "key": group.key,
            "tier": found.tiers[group.key][0],
            "protocol": found.tiers[group.key][1],
            "notice": notice(found.tiers[group.key][0]),
            "size": len(group.lines),
            "rows": columns.write(group.key, list(group.lines.values()), folder / "data" / "rows"),
        }
        for group in groups
    ]
    (folder / "data" / "site.js").write_text(f"pb.site={columns.script_json({'groups': listed})};\n", "utf-8")
    publish.write(publish.rows(groups), folder / "data" / "rows")
    publish.write(publish.verdicts(groups), folder / "data" / "verdicts")


def _write_claims(
    groups: Sequence[Group], paper: tables.Tables, folder: Path, challenges: Challenges, shared: dict[str, Any]
) -> None:
    claims = evidence.claim_ids(paper, groups)
    table = []
    for claim in [*claims, *(["control"] if any("control" in group.tests for group in groups) else [])]:
        cells = [(evidence.settings(claim, group), evidence.mentioned(claim, group)) for group in groups]
        about = paper.claims.get(claim)
        first = next((one.record.statement for found, _ in cells for one in found if one.record), "")
        table.append((claim, about, about.statement if about else first, cells))
        if claim != "control":
            values = claim_page.values(claim, groups, paper, challenges, shared["origin"])
            shells.write("claim.html", folder / "claims" / f"{file_name(claim)}.html", "../", **(shared | values))
    keys = [group.key for group in groups]
    shells.write("claims.html", folder / "claims.html", **shared, claims=table, keys=keys)
    for group in groups:
        for record in chain.from_iterable(group.tests.values()):
            file = folder / "claims" / group.key / f"{file_name(record.name)}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dump(record), "utf-8")


def _write_methods(groups: Sequence[Group], paper: tables.Tables, folder: Path, shared: dict[str, Any]) -> None:
    methods, cells = method_page.by_method(groups), method_page.cells_of(groups)
    places, summed = method_page.ranked(cells), method_page.summed_up(cells)
    first = [(group.key, list(group.lines.values())[:FIRST], len(group.lines)) for group in groups if group.lines]
    shells.write(
        "methods.html", folder / "methods.html", **shared, methods=methods, groups=first, ranked=places, overall=summed
    )
    shells.write("compare.html", folder / "compare.html", **shared, methods=methods)
    for method in methods:
        said = method_page.badge(groups, method)
        values = method_page.values(method, groups, paper, places) | {"badge": said}
        shells.write("method.html", folder / "methods" / f"{file_name(method)}.html", "../", **shared, **values)
        publish.badge(f"prunebench {method}", said, folder / "badges" / f"{file_name(method)}.svg")


def _rank(found: Found, group: str) -> tuple[int, str, int]:
    """Order groups by their closeness to the paper's setting, other tiers first, newer protocols before older."""
    tier, protocol = found.tiers[group]
    return _TIERS.index(base(tier)) if base(tier) in _TIERS else -1, tier, -protocol


def _group(name: str, found: Found, tellings: opposites.Tellings) -> Group:
    lines = sorted(found.lines.get(name, []), key=_telling)
    return evidence.group(name, lines, found.judged.get(name, []), found.claims.get(name, []), tellings)


def _telling(line: Line) -> tuple[int, str]:
    """Return where a row stands unless the reader says: those that compare both weights and architecture come first."""
    return sum(value not in line for value in ("gap", "architecture")), line["row"]

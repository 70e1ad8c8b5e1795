"""Records -> a static site that works from `file://` and asks no other machine for anything."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

from prunebench.common.errors import PrunebenchError
from prunebench.protocol import tables
from prunebench.protocol.tiers import base
from prunebench.records.record import AnyRecord, name_of

from . import columns, evidence, shells
from .challenges import Challenges, unmatched
from .collect import NoRecordsError, Source, file_name
from .rows import Found, Writer, write_rows
from .views import Line, compares_weights, notice

MARKER = ".prunebench-site"
"""File that says that a folder is a built site, which the next build may replace."""

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
    sources: Iterable[Source], out: Path, challenges: Challenges, nothing: str = "no records given"
) -> Found:
    """Write the site to `out`, replacing what an earlier build left there; a build that fails changes nothing.

    Args:
        sources: of the records; they are read one by one, in several processes if there are many.
        out: folder of the site.
        challenges: to be shown with the records.
        nothing: what to say if no record can be read.

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
        found = write_rows(sources, Writer(beside, shells.row(), challenges))
        if not found.tiers:
            raise NoRecordsError("; ".join([nothing, *found.skipped]))
        _write_overviews(found, beside, challenges)
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


def _write_overviews(found: Found, folder: Path, challenges: Challenges) -> None:
    paper = tables.load()
    order = sorted(found.tiers, key=lambda group: _rank(found, group))
    groups = [_group(group, found, paper, folder) for group in order]
    site = {"groups": groups}
    (folder / "data" / "site.js").write_text(f"pb.site={columns.script_json(site)};\n", "utf-8")
    for name in ("index", "methods", "claims", "plots"):
        shells.write(f"{name}.html", folder / f"{name}.html", groups=groups)
    claims, methods = _first_groups(found, order)
    for name in dict.fromkeys([*paper.claims, *sorted(claims)]):
        data = evidence.claim_page(name, paper, found.claims, challenges) | {"group": claims.get(name)}
        shells.write("claim.html", folder / "claims" / f"{file_name(name)}.html", title=name, data=data)
    for name, group in methods.items():
        data = {"method": name, "group": group}
        shells.write("method.html", folder / "methods" / f"{file_name(name)}.html", title=name, data=data)


def _first_groups(found: Found, order: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return, for each claim and each method, the first group that has something to show of it."""
    claims: dict[str, str] = {}
    methods: dict[str, str] = {}
    for group in order:
        for line in found.lines.get(group, []):
            methods.setdefault(line["method"], group)
            for claim in line["claims"].split():
                claims.setdefault(claim, group)
        for record in found.claims.get(group, []):
            if not record.control:
                claims.setdefault(record.claim, group)
    return claims, methods


def _rank(found: Found, group: str) -> tuple[int, str, int]:
    """Order groups by their closeness to the paper's setting, other tiers first, newer protocols before older."""
    tier, protocol = found.tiers[group]
    return _TIERS.index(base(tier)) if base(tier) in _TIERS else -1, tier, -protocol


def _group(name: str, found: Found, paper: tables.Tables, folder: Path) -> dict[str, object]:
    tier, protocol = found.tiers[name]
    rows = sorted(found.lines.get(name, []), key=_telling)
    on_weights = [row for row in rows if compares_weights(row.get("relation", ""))]
    claims = evidence.claim_lines(paper, found.claims.get(name, []), rows)
    return {
        "key": name,
        "tier": tier,
        "protocol": protocol,
        "notice": notice(tier),
        "size": len(rows),
        "rows": columns.write(name, rows, folder / "data" / "rows"),
        "claims": columns.write(name, claims, folder / "data" / "claims"),
        "row_states": evidence.tally(on_weights),
        "other_rows": len(rows) - len(on_weights),
        "distinct": evidence.distinct(on_weights),
        "claim_states": evidence.tally(line for line in claims if line["claim"] != "control"),
    }


def _telling(line: Line) -> tuple[int, str]:
    """Return where a row stands unless the reader says: those that value both weights and architecture come first."""
    return sum(value not in line for value in ("weight", "architecture")), line["row"]

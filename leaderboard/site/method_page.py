"""One method: its sentence and source, its rows, its ranks among others at equal FLOPs, and what was never run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from prunebench.protocol.tables import Tables
from prunebench.protocol.tiers import base
from prunebench.pruning.registry import methods

from . import plots, ranks
from .evidence import Group, distinct
from .findings import tally
from .front import mark_of
from .overall import Overall, overall
from .ranks import Place
from .views import Line

MOST_ROWS = 60
"""Rows of a group in the forest; the table of all rows has the others."""

Cells = Mapping[str, Mapping[str, Sequence[Line]]]
"""By group and cell, the rows of its methods."""

Ranked = Mapping[str, Sequence[tuple[str, Sequence[Place]]]]
"""By group, each cell in words with its places."""


@cache
def sentences() -> Mapping[str, str]:
    """Return every known method's line: what it does, and where it comes from."""
    return methods()


def cells_of(groups: Sequence[Group]) -> Cells:
    """Return the rows that methods are ranked by, where there are any."""
    found = {group.key: ranks.cells(group.lines.values()) for group in groups}
    return {key: cells for key, cells in found.items() if cells}


def ranked(cells: Cells) -> dict[str, list[tuple[str, list[Place]]]]:
    """Return the places of methods at equal FLOPs, by group."""
    return {
        key: [(ranks.named(cell, lines[0]), ranks.places(lines)) for cell, lines in own.items()]
        for key, own in cells.items()
    }


def summed_up(cells: Cells) -> dict[str, list[Overall]]:
    """Return where methods stand over all cells that they share, by group."""
    found = {key: overall(own) for key, own in cells.items()}
    return {key: several for key, several in found.items() if several}


def values(method: str, groups: Sequence[Group], tables: Tables, places: Ranked) -> dict[str, Any]:
    """Return what the template of a method shows."""
    rows = {group.key: [line for line in group.lines.values() if line["method"] == method] for group in groups}
    parts = [_part(key, lines, places.get(key, []), method) for key, lines in rows.items() if lines]
    known = [row for row in tables.rows.values() if row.method == method]
    missing = {
        key: [row for row in known if row.id not in {line["row"] for line in lines}] for key, lines in rows.items()
    }
    if not any(key == "paper" for key in rows):
        missing["paper"] = known
    return {
        "method": method,
        "sentence": sentences().get(method, ""),
        "parts": parts,
        "missing": {key: (len(several), len(known), several[:12]) for key, several in missing.items() if several},
    }


def _part(key: str, lines: Sequence[Line], cells: Sequence[tuple[str, Sequence[Place]]], method: str) -> dict[str, Any]:
    own = sorted((line for line in lines if "gap" in line), key=lambda line: (line["network"], line.get("flops", 0)))
    shown = distinct(own)[:MOST_ROWS]
    marks = [mark_of(line, "../", key, _note(line)) for line in shown]
    return {
        "key": key,
        "lines": lines[: 2 * MOST_ROWS],
        "count": len(lines),
        "marks": marks,
        "scale": plots.scale_of(marks) if marks else None,
        "findings": tally(line["finding"] for line in distinct(own) if "finding" in line),
        "places": _places(cells, method),
    }


def _note(line: Line) -> str:
    left = f"{line['flops']:.0f} % of the FLOPs left" if "flops" in line else ""
    return ", ".join(filter(None, (left, f"stands in for {line['stands']}" if "stands" in line else "")))


def _places(cells: Sequence[tuple[str, Sequence[Place]]], method: str) -> list[tuple[Line, Place, int, int]]:
    """Return this method's row and place in each cell, with how many methods and distinct plans there are."""
    found = []
    for _, several in cells:
        count = sum(len(place.rows) for place in several)
        for place in several:
            found += [(line, place, count, len(several)) for line in place.rows if line["method"] == method]
    return found


def badge(groups: Sequence[Group], method: str) -> str:
    """Return what a method's badge says: the findings of the strongest group that has it."""
    for group in groups:
        own = distinct(
            line for line in group.lines.values() if line["method"] == method and "finding" in line and "gap" in line
        )
        if own:
            counted = tally(line["finding"] for line in own)
            found = ", ".join(f"{n} {name}" for name, n in counted.items() if n)
            return f"from scratch: {found} ({base(group.key.partition('~')[0])})"
    return "not tested"


def by_method(groups: Sequence[Group]) -> list[str]:
    """Return the methods that any group has rows of."""
    found: dict[str, None] = defaultdict(None)
    for group in groups:
        found.update(dict.fromkeys(line["method"] for line in group.lines.values()))
    return sorted(found)

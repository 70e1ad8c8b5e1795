"""All data as files: one table of rows, one of verdicts, as CSV and Parquet; and the badges of methods."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import shells
from .evidence import Group
from .findings import Judged, finding_of, margin_of, tied
from .row_page import plain

Table = Mapping[str, Sequence[Any]]
"""Columns by name, all of one length."""

DRAWN = {"file", "twin", "method_file", "flags"}
"""Columns of lines that only pages need."""


def rows(groups: Sequence[Group]) -> Table:
    """Return the table of all rows: what was trained, every arm's mean and spread, differences, cost."""
    lines = [{"group": group.key} | line for group in groups for line in group.lines.values()]
    names = [name for name in dict.fromkeys(name for line in lines for name in line) if name not in DRAWN]
    return {name: [line.get(name) for line in lines] for name in names}


def verdicts(groups: Sequence[Group]) -> Table:
    """Return the table of all verdicts: those on single rows, and those of tests over several."""
    found = [
        {"group": group.key, "test": "", **one._asdict()}
        for group in groups
        for all_ in group.judged.values()
        for one in all_
    ]
    found += [
        _of_test(group.key, test, i)
        for group in groups
        for all_ in group.tests.values()
        for test in all_
        for i in range(1 + len(test.aside))
    ]
    names = ("group", "test", *Judged._fields)
    return {name: [one[name] for one in found] for name in names}


def _of_test(key: str, test: Any, i: int) -> dict[str, Any]:
    verdict = [test.verdict, *test.aside][i]
    own = {name: getattr(verdict, name) for name in ("claim", "relation", "difference", "lower", "upper", "unit")}
    return own | {
        "group": key,
        "test": test.name,
        "row": "",
        "state": verdict.state.lower(),
        "finding": finding_of(verdict, test.tier),
        "margin": margin_of(verdict, test.tier),
        "n": min(verdict.n, default=0),
        "paper": verdict.paper.difference if verdict.paper else None,
        "decides": i == 0,
        "tied": tied(verdict),
    }


def write(table: Table, stem: Path) -> None:
    """Write a table as `stem.csv` and `stem.parquet`; in CSV a text that a spreadsheet would run gets an apostrophe."""
    import pyarrow as pa
    from pyarrow import parquet

    stem.parent.mkdir(parents=True, exist_ok=True)
    with stem.with_suffix(".csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(map(plain, table))
        writer.writerows(_cells(line) for line in zip(*table.values(), strict=True))
    parquet.write_table(
        pa.table({name: pa.array(values) for name, values in table.items()}), stem.with_suffix(".parquet")
    )


def _cells(line: Iterable[Any]) -> list[Any]:
    return [plain(value) if isinstance(value, str) else value for value in line]


def badge(label: str, text: str, file: Path) -> None:
    """Write a badge as SVG: a grey label and a blue text; 11 pixels of DejaVu Sans take about 6.6 a character."""
    left, right = (10 + round(6.6 * len(part)) for part in (label, text))
    shells.write("badge.svg", file, label=label, text=text, left=left, right=right)

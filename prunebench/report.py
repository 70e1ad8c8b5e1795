"""The closing tables: the paper's numbers and ours, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table

from prunebench.record import ClaimRecord, Published, Record, VerdictRecord, load
from prunebench.statistics import sample

STYLES = {"SUPPORTED": "green", "REFUTED": "bold red", "INCONCLUSIVE": "yellow"}


def closing_tables(findings: Iterable[Mapping[str, Any]]) -> list[RenderableType]:
    """Return a table of rows and one of claims over many rows, from what the tests reported."""
    read = [(load(Path(f["path"]).read_text()), f) for f in findings]
    rows = [(record, f) for record, f in read if isinstance(record, Record)]
    claims = [(record, f) for record, f in read if isinstance(record, ClaimRecord)]
    return [*([_rows(rows)] if rows else []), *([_claims(claims)] if claims else [])]


def _rows(rows: list[tuple[Record, Mapping[str, Any]]]) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        title="accuracy in percent: the paper's | ours (mean ± std over seeds)",
        title_justify="left",
    )
    arms = [arm for arm in rows[0][0].arms if arm not in ("sparse", "pruned")]
    for name in ["row", *arms, "difference [bounds]", "verdict", "epochs", "work", "s"]:
        table.add_column(name, overflow="fold", no_wrap=name in ("verdict", "work"))
    for record, finding in rows:
        verdict = record.verdicts[0]
        numbers = [_both(record, arm) for arm in arms]
        epochs = "/".join(_span(record.arms[arm].epochs) for arm in arms)
        table.add_row(
            _name(record),
            *numbers,
            _interval(verdict),
            _state(verdict),
            epochs,
            _work(finding),
            str(finding["seconds"]),
        )
    return table


def _claims(claims: list[tuple[ClaimRecord, Mapping[str, Any]]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title="claims over many rows, and controls", title_justify="left")
    for name in ("claim", "test", "rows", "the paper", "difference [bounds]", "verdict", "work", "s"):
        table.add_column(name, overflow="fold", no_wrap=name in ("verdict", "work"))
    for record, finding in claims:
        head = (record.claim, record.name, str(len(record.rows)), record.paper or "-")
        table.add_row(*head, _interval(record.verdict), _state(record.verdict), _work(finding), str(finding["seconds"]))
    return table


def _name(record: Record) -> str:
    shared = f"\n[dim]same specs as {', '.join(record.same_as)}[/dim]" if record.same_as else ""
    return record.row + shared


def _both(record: Record, arm: str) -> str:
    ours = sample(record.arms[arm].accuracy)
    return f"{_published(record.paper.get(arm))} | {ours.mean:.1f} ± {ours.std:.1f}"


def _published(number: Published | None) -> str:
    return "-" if number is None else f"{number.mean:.2f}"


def _interval(verdict: VerdictRecord) -> str:
    return f"{verdict.difference:+.1f} [{verdict.lower:+.1f}, {verdict.upper:+.1f}]"


def _state(verdict: VerdictRecord) -> str:
    return f"[{STYLES[verdict.state]}]{verdict.state}[/]"


def _span(epochs: list[int]) -> str:
    return str(epochs[0]) if len(set(epochs)) == 1 else f"{min(epochs)}-{max(epochs)}"


def _work(finding: Mapping[str, Any]) -> str:
    return f"{finding['computed']} new, {finding['stored']} stored"

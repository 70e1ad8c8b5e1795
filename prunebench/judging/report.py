"""The closing tables: the paper's numbers and ours, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from prunebench.judging.comparison import verdicts_of
from prunebench.judging.observation import crippled
from prunebench.judging.published import agrees
from prunebench.judging.value import sentence
from prunebench.protocol import tables
from prunebench.protocol.arms import BASELINE_ARMS
from prunebench.records.parts import VerdictRecord
from prunebench.records.record import AnyRecord, ClaimRecord, Record, load
from prunebench.statistics import q_values, sample

COLUMNS = ("paper says", "we find", "agrees")
STYLES = {"SUPPORTED": "green", "REFUTED": "bold red", "INCONCLUSIVE": "yellow"}


def closing_tables(findings: Iterable[Mapping[str, Any]], margin: float) -> list[RenderableType]:
    """Return tables of rows, one for those with the same arms, and one of claims over many, from what tests reported.

    What the paper's numbers say, what ours say, and whether ours agree with the paper's up to `margin` points are three
    columns. The last is empty in a tier that does not train on the paper's datasets.
    """
    read = _with_q([(load(Path(f["path"]).read_text()), f) for f in findings])
    order = list(tables.load().rows)
    rows = [(record, f) for record, f in read if isinstance(record, Record)]
    rows.sort(key=lambda row: order.index(row[0].row) if row[0].row in order else len(order))
    claims = [(record, f) for record, f in read if isinstance(record, ClaimRecord)]
    worth = [Text(_worth(record)) for record, _ in rows if "architecture" in record.values]
    alike: dict[tuple[str, ...], list[tuple[Record, Mapping[str, Any]]]] = {}
    for row in rows:
        alike.setdefault(_shown(row[0]), []).append(row)
    compared = [_rows(arms, some, margin) for arms, some in alike.items()]
    return [*compared, *([_claims(claims)] if claims else []), *worth]


def with_q(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries of a run with `q` beside `p`: over all verdicts that decide a claim, one run's at a time.

    Those beside them, and the planted controls, are no discoveries; their `q` is null.
    """
    deciding = [entry for entry in found if entry.get("decides") and entry.get("claim") != "control"]
    values = iter(q_values([entry["p"] for entry in deciding]))
    own = {id(entry): next(values) for entry in deciding}
    return [entry | {"q": own.get(id(entry))} if "decides" in entry else entry for entry in found]


def _with_q(read: list[tuple[AnyRecord, Mapping[str, Any]]]) -> list[tuple[AnyRecord, Mapping[str, Any]]]:
    """Add to what a test reported the q-value of its verdict among all of the run; a control's is no discovery."""
    claims = [i for i, (record, _) in enumerate(read) if isinstance(record, Record) or not record.control]
    counted = {i: verdicts_of(read[i][0])[0].p for i in claims}
    known = dict(zip(counted, q_values(list(counted.values())), strict=True))
    return [(record, {**f, "q": known.get(i)}) for i, (record, f) in enumerate(read)]


def _shown(record: Record) -> tuple[str, ...]:
    """Return the arms that stand in the table of a row; rows with the same arms share one."""
    return tuple(arm for arm in record.arms if arm not in ("sparse", "pruned", *BASELINE_ARMS))


def _rows(arms: Sequence[str], rows: list[tuple[Record, Mapping[str, Any]]], margin: float) -> Table:
    title = "accuracy in percent: above the paper's, below ours (mean ± std over seeds); = marks rows of the same specs"
    table = _table(title, ["row", *arms, "difference", *COLUMNS, "epochs", "work", "s"])
    for record, finding in rows:
        verdict = record.verdicts[0]
        numbers = [_both(record, arm) for arm in arms]
        epochs = "/".join(_span(record.arms[arm].epochs) for arm in arms)
        said = _paper(verdict), _state(verdict), _agreement(record, margin)
        table.add_row(_name(record), *numbers, _interval(verdict, finding["q"]), *said, epochs, *_work(finding))
    return table


def _claims(claims: list[tuple[ClaimRecord, Mapping[str, Any]]]) -> Table:
    columns = ["claim", "test", "rows", "the paper", "difference", *COLUMNS[:2], "work", "s"]
    table = _table("claims over many rows, and controls", columns)
    for record, finding in claims:
        state = "as planted" if record.control and record.verdict.state in record.expected else _state(record.verdict)
        head = (record.claim, record.name, str(len(record.rows)), record.paper or "-")
        table.add_row(*head, _interval(record.verdict, finding["q"]), _paper(record.verdict), state, *_work(finding))
    return table


def _table(title: str, columns: list[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", padding=(0, 1, 0, 0))
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _worth(record: Record) -> str:
    """Say what a method's weights and architecture are worth, and what it had to beat."""
    rivals = [f"{arm} {_accuracy(record, arm)}" for arm in BASELINE_ARMS if arm in record.arms]
    beside = f"\n  of about as many FLOPs: {', '.join(rivals)}" if rivals else ""
    return f"{record.row}: {sentence(record.values)}{beside}"


def _accuracy(record: Record, arm: str) -> str:
    ours = sample(record.arms[arm].accuracy)
    return f"{ours.mean:.1f} ± {ours.std:.1f}"


def _name(record: Record) -> str:
    aside = [f"on {record.dataset.used}", *(f"= {other}" for other in record.same_as)]
    aside += [f"! {said}" for said in crippled(record)]
    return "\n".join([record.row, *(f"[dim]{line}[/dim]" for line in aside)])


def _both(record: Record, arm: str) -> str:
    paper = record.paper.get(arm)
    return f"{'-' if paper is None else f'{paper.mean:.2f}'}\n{_accuracy(record, arm)}"


def _interval(verdict: VerdictRecord, q: float | None) -> str:
    """Return the difference, its bounds, and p with q: the share of false verdicts among those with a p as small."""
    unit, form = ("", "+.1f") if verdict.unit == "points" else (f" {verdict.unit}", "+.3g")
    chances = [] if verdict.p is None else [f"p {verdict.p:.1g}" + ("" if q is None else f"\nq {q:.1g}")]
    bounds = f"[{verdict.lower:{form}}, {verdict.upper:{form}}]"
    return "\n".join([f"{verdict.difference:{form}}{unit}", bounds, *chances])


def _paper(verdict: VerdictRecord) -> str:
    return f"[{STYLES[verdict.paper.state]}]{verdict.paper.state}[/]" if verdict.paper else "-"


def _agreement(record: Record, margin: float) -> str:
    """Say for each arm whether our number is the paper's."""
    said = [f"{arm}: {agrees(interval, margin)}" for arm, interval in record.agreement.items()]
    return "\n".join(said) or "-"


def _state(verdict: VerdictRecord) -> str:
    """Say the state, the finding beside it, and whether the tier can tell the claim from its opposite at all."""
    found = [f"[dim]{verdict.finding}[/dim]"] if verdict.finding else []
    dull = ["[dim]does not discriminate[/dim]"] if verdict.discriminates is False else []
    return "\n".join([f"[{STYLES[verdict.state]}]{verdict.state}[/]", *found, *dull])


def _span(epochs: list[int]) -> str:
    return str(epochs[0]) if len(set(epochs)) == 1 else f"{min(epochs)}-{max(epochs)}"


def _work(finding: Mapping[str, Any]) -> tuple[str, str]:
    return f"{finding['computed']} new\n{finding['stored']} stored", str(finding["seconds"])

"""The command line: typer glue only."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from prunebench import tables, tiers
from prunebench.commands import data as data_command
from prunebench.commands.audit import audit
from prunebench.commands.bench import bench
from prunebench.commands.check import check
from prunebench.commands.doctor import doctor
from prunebench.commands.new_method import new_method
from prunebench.commands.plan import plan
from prunebench.errors import PrunebenchError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Is a pruned network good because of its weights, or only because of its architecture? "
    "The main job is `pytest claims -k slimming -n 4`; these commands look around it.",
)

app.add_typer(data_command.app, name="data")
app.command()(audit)
app.command()(bench)
app.command()(plan)
app.command()(doctor)
app.command()(new_method)
app.command()(check)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Data = Annotated[Path, typer.Option(help="Folder of datasets, checkpoints and records.")]


class Noun(StrEnum):
    """What `list` can list."""

    claims = "claims"
    rows = "rows"
    methods = "methods"
    networks = "networks"
    datasets = "datasets"
    tiers = "tiers"


@app.command("list")
def list_(what: Noun, as_json: Json = False) -> None:
    """List what there is, each with a line that says what it is and where it comes from."""
    entries = _LISTS[what]()
    if as_json:
        print(json.dumps(entries, indent=1))
        return
    width = max(map(len, entries))
    for name, line in entries.items():
        print(f"{name:{width}}  {line}")


def _claims() -> dict[str, str]:
    return {c.id: f"{c.statement} ({c.where})" for c in tables.load().claims.values()}


def _rows() -> dict[str, str]:
    return {row.id: f"Table {row.table}: {row.title}" for row in tables.load().rows.values()}


def _methods() -> dict[str, str]:
    from prunebench.pruning.registry import methods

    return methods()


def _networks() -> dict[str, str]:
    from prunebench.networks import families

    return families()


def _datasets() -> dict[str, str]:
    from prunebench.datasets import registry

    return {name: registry.describe(name).summary for name in registry.names()}


_LISTS: dict[Noun, Callable[[], dict[str, str]]] = {
    Noun.claims: _claims,
    Noun.rows: _rows,
    Noun.methods: _methods,
    Noun.networks: _networks,
    Noun.datasets: _datasets,
    Noun.tiers: tiers.summaries,
}


@app.command()
def show(
    row: Annotated[str, typer.Argument(help="Id of a row; `prunebench list rows` shows them.")],
    tier: Annotated[str, typer.Option(help="Size of the run.")] = "auto",
    data: Data = Path("data"),
    as_json: Json = False,
) -> None:
    """Show what a row trains, and after a run what came out."""
    from prunebench import paper
    from prunebench.page import page
    from prunebench.preview import preview

    wanted = tables.load().row(row)
    found = paper.preview(wanted) if tier == tiers.PAPER.name else preview(wanted, tiers.choose(tier)[0], data)
    print(json.dumps(found, indent=1) if as_json else page(found))


@app.command()
def sync(
    tracking_uri: Annotated[str | None, typer.Option(help="MLflow store; as --pb-tracking-uri.")] = None,
    data: Data = Path("data"),
) -> None:
    """Log every record that MLflow lacks, after an outage or into another store."""
    from prunebench.folders import work_folder
    from prunebench.record import load
    from prunebench.store import Store
    from prunebench.tracking import Tracker, resolve_uri

    paths = sorted((data / "records").glob("*/*.json"))
    if not paths:
        raise PrunebenchError(
            f"no records in {data / 'records'}; run `pytest claims -k slimming` first, or give --data"
        )
    tracker = Tracker(resolve_uri(tracking_uri, Path.cwd()))
    store = Store(data, work_folder(data))
    added = sum(tracker.log(load(path.read_text()), store.folder) for path in paths)
    print(f"{len(paths)} records, {added} runs added to {tracker.uri}")


def main() -> None:
    """Run the command line; errors that explain themselves come without a traceback."""
    try:
        app()
    except PrunebenchError as error:
        print(f"prunebench: {error}", file=sys.stderr)
        raise SystemExit(2) from error

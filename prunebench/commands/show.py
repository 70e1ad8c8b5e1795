"""`prunebench show ROW`: what a row trains, and after a run what came out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from prunebench.commands.options import Data, Datasets, Json, Tier
from prunebench.protocol import tables, tiers


def show(
    row: Annotated[str, typer.Argument(help="Id of a row; `prunebench list rows` shows them.")],
    tier: Tier = "auto",
    dataset: Datasets = None,
    data: Data = Path("data"),
    as_json: Json = False,
) -> None:
    """Show what a row trains, and after a run what came out."""
    from prunebench.commands import paper
    from prunebench.commands.preview import preview
    from prunebench.commands.sheet import page
    from prunebench.judging.settings import tier_on

    wanted, given = tables.load().row(row), dataset or ()
    on_paper = tier == tiers.PAPER.name and not given
    found = paper.preview(wanted) if on_paper else preview(wanted, tier_on(tier, given, data)[0], data)
    print(json.dumps(found, indent=1) if as_json else page(found))

"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Data: TypeAlias = Annotated[Path, typer.Option(help="Folder of datasets, checkpoints and records.")]
Tier: TypeAlias = Annotated[str, typer.Option(help="Size of the run.")]
Datasets: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--dataset", metavar="PAPER=OURS", help="What stands for a dataset of the paper, as --pb-dataset; repeatable."
    ),
]

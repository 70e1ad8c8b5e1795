"""`prunebench audit`: what is published, computed again from the stored checkpoints."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from prunebench.commands.options import Data, Json


def audit(
    data: Data = Path("data"),
    records: Annotated[Path | None, typer.Option(help="Folder of records (default: DATA/records).")] = None,
    as_json: Json = False,
) -> None:
    """Evaluate every stored network and derive every record again, without training; ends with 1 on a finding.

    Run it where the claims are. `dvc pull` gets the checkpoints.
    """
    from prunebench.common.terminal import track
    from prunebench.runner.audit import Audit

    work = Audit(data, records or data / "records", Path.cwd())
    found = list(track(work.run(), "auditing", len(work)))
    wrong = [checked for checked in found if checked.problem]
    if as_json:
        print(json.dumps({"checked": len(found), "findings": [asdict(checked) for checked in wrong]}, indent=1))
    else:
        for checked in wrong:
            print(f"{checked.what}: {checked.problem}")
        counts = f"{len(work.checkpoints)} checkpoints, {len(work.records)} records"
        print(f"{len(found)} checked ({counts}), {len(wrong)} wrong")
    raise typer.Exit(code=int(bool(wrong)))

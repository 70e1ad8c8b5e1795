"""`prunebench audit`: what is published, computed again from the stored checkpoints."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from prunebench.commands.options import Data, Json
from prunebench.common.errors import PrunebenchError


def audit(
    data: Data = Path("data"),
    records: Annotated[Path | None, typer.Option(help="Folder of records (default: DATA/records).")] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--pb-method", metavar="FILE.py:NAME", help="A method of yours, where its file is now; repeatable."
        ),
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option("--pb-network", metavar="FILE.py:BUILD", help="A network of yours, likewise."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Evaluate every stored network and derive every record again, without training; ends with 1 on a finding.

    Run it where the claims are. `dvc pull` gets the checkpoints. Methods and networks of yours are found where the
    records' commands have them; `--pb-method` and `--pb-network` say where else they are.
    """
    from prunebench.common.terminal import track
    from prunebench.runner.audit import Audit
    from prunebench.runner.brought import METHOD, NETWORK

    brought = {METHOD: [_absolute(text) for text in method or ()], NETWORK: [_absolute(text) for text in network or ()]}
    work = Audit(data, records or data / "records", Path.cwd(), brought)
    if not len(work):
        raise PrunebenchError(
            f"nothing to audit: there are no checkpoints in {data} and no records in {records or data / 'records'}. "
            "`dvc pull` gets them; --data and --records say where they are"
        )
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


def _absolute(reference: str) -> str:
    """Return a file with its full path, the name of an installed method as it is."""
    path, colon, name = reference.rpartition(":")
    return f"{Path(path).absolute()}:{name}" if colon else reference

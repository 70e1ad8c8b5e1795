"""`prunebench sync`: records that MLflow lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prunebench.commands.options import Data
from prunebench.common.errors import PrunebenchError
from prunebench.common.places import RUN


def sync(
    tracking_uri: Annotated[str | None, typer.Option(help="MLflow store; as --pb-tracking-uri.")] = None,
    data: Data = Path("data"),
) -> None:
    """Log every record that MLflow lacks, after an outage or into another store."""
    from prunebench.common.folders import work_folder
    from prunebench.records.record import load
    from prunebench.records.tracking import Tracker, resolve_uri
    from prunebench.store.store import Store

    paths = sorted((data / "records").glob("*/*.json"))
    if not paths:
        raise PrunebenchError(f"no records in {data / 'records'}; run `{RUN} -k slimming` first, or give --data")
    tracker = Tracker(resolve_uri(tracking_uri, Path.cwd()))
    store = Store(data, work_folder(data))
    added = sum(tracker.log(load(path.read_text()), store.text) for path in paths)
    print(f"{len(paths)} records, {added} runs added to {tracker.uri}")

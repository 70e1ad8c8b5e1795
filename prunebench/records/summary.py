"""All verdicts of a run as one JSON file, for scripts: `--pb-json FILE`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from prunebench.common.errors import PrunebenchError
from prunebench.common.folders import write_whole
from prunebench.records.record import AnyRecord, ClaimRecord, Record, load


def check(file: Path | None) -> None:
    """Find out before a run whether its verdicts can be written.

    Raises:
        PrunebenchError: the folder is not there or cannot be written.
    """
    if file is not None and not os.access(file.parent, os.W_OK):
        raise PrunebenchError(f"--pb-json {file}: there is no folder {file.parent} that can be written; make it first")


def failed(report: pytest.TestReport) -> dict[str, Any]:
    """Return the entry of a test that ended in an error, and so has no verdict: `test`, `state` (null) and `error`."""
    crash = getattr(report.longrepr, "reprcrash", None)
    return {"test": report.nodeid, "state": None, "error": crash.message if crash else str(report.longrepr)}


def entries(test: str, path: str) -> list[dict[str, Any]]:
    """Return the entries of a test's verdicts, from the record that it wrote; another test may overwrite that.

    Each has `test`, `record` (path), `tier`, `row` (null where it speaks of many), `rows`, `agreement` by arm,
    `decides` (false for one shown beside another), and what `prunebench.records.parts.VerdictRecord` says.
    """
    record = load(Path(path).read_text())
    verdicts = record.verdicts if isinstance(record, Record) else [record.verdict, *record.aside]
    about = {"test": test, "record": path, "tier": record.tier} | _subject(record)
    return [about | {"decides": i == 0} | verdict.model_dump(mode="json") for i, verdict in enumerate(verdicts)]


def _subject(record: AnyRecord) -> dict[str, Any]:
    if isinstance(record, ClaimRecord):
        return {"row": None, "rows": record.rows, "agreement": {}}
    found = {arm: interval.model_dump(mode="json") for arm, interval in record.agreement.items()}
    return {"row": record.row, "rows": [record.row], "agreement": found}


def save(file: Path, found: list[dict[str, Any]]) -> None:
    """Write the entries of a run; a reader sees the old file or the whole new one."""
    write_whole(file, json.dumps(found, indent=1) + "\n")

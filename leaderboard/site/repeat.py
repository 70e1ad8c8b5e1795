"""How a record can be repeated: lines that work when they are pasted into an empty shell."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import cache

from prunebench.common.errors import PrunebenchError
from prunebench.datasets.available import describe
from prunebench.records.record import AnyRecord, Record
from prunebench.runner.audit import command

from .origin import Origin


def lines(record: AnyRecord, datasets: Sequence[str], origin: Origin) -> list[str]:
    """Return the lines, none where the record's command is none that prunebench writes: nobody should paste that.

    Args:
        record: of a row or claim.
        datasets: names of what it was trained on.
        origin: of the repository.
    """
    try:
        expression, options = command(record)
    except (PrunebenchError, ValueError):
        return []
    return [
        f"git clone {shlex.quote(origin.source)} prunebench" if origin.source else "# in a clone of the repository:",
        *(["cd prunebench"] if origin.source else []),
        *([f"git checkout {_commit(record, origin)}"] if _commit(record, origin) else []),
        "python3 -m venv .venv && . .venv/bin/activate",
        "python -m pip install --constraint constraints.txt --editable .",
        *(line for name in datasets for line in _data(name)),
        f"pytest claims -k {shlex.join((expression, *options))}",
    ]


def _commit(record: AnyRecord, origin: Origin) -> str:
    """Return the one commit that the record's outcomes are of, or else that of the site."""
    said = record.provenance.commits if isinstance(record, Record) else []
    commit = said[0] if len(said) == 1 else origin.commit
    return commit if commit.isalnum() and commit != "unknown" else ""


@cache
def _data(name: str) -> list[str]:
    try:
        return describe(name).how.splitlines()
    except PrunebenchError:
        return [f"# {shlex.quote(name)} is a dataset of the submitter's: `prunebench data add` takes it"]

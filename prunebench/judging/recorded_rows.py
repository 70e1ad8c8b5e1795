"""A record -> the row and the job that it is of."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from prunebench.common.errors import DatasetError, UnknownNameError
from prunebench.datasets.available import describe
from prunebench.protocol.assignment import job
from prunebench.protocol.jobs import Job
from prunebench.protocol.tables import Row, load
from prunebench.protocol.tiers import Tier, base, choose
from prunebench.records.record import Record
from prunebench.specs.experiment import Method, Regulariser


def row_of(record: Record) -> Row:
    """Return the row that a record is of: one of the paper, one that a claim has lent, or one of a user's method.

    Raises:
        UnknownNameError: it is none of these.
    """
    rows = load().rows
    facts: dict[str, Any] = {"network": record.network.name, "method": record.method.name, "ratio": record.ratio}
    lender = max((name for name in rows if record.row.endswith(f".{name}")), key=len, default=None)
    if record.row in rows:
        return rows[record.row]
    if lender is not None and record.claims:
        apart = record.row.removesuffix(f".{lender}").partition(".")[2]
        target = rows[lender].variant
        kept = target if f" to {target}" in record.title else ""
        ratio = rows[lender].ratio if kept else record.ratio
        row = rows[lender].lent(record.claims[0], apart, **facts | {"ratio": ratio, "variant": kept, "setting": ""})
        _, _, setting = record.title.removeprefix(row.title).partition(", ")
        return replace(row, setting=setting)
    if record.method.digest:
        own: dict[str, Any] = {"page": 0, "claims": (), "dataset": record.dataset.name, "paper": {}}
        return Row(id=record.row, table=record.table, section=record.section, **own, **facts)
    raise UnknownNameError("row", record.row, rows)


def job_of(record: Record) -> Job:
    """Return what a record's row is in its tier; of a user's method, it takes only the name and hash that are told.

    Raises:
        UnknownNameError: this version has no such row, tier, network or method.
    """
    row = row_of(record)
    tier = _tier(record, row.dataset)
    if not record.method.digest:
        return job(row, tier)
    method, trunk = Method(record.method.used, source=record.method.digest), record.arms.get("sparse")
    at_start = trunk is not None and not any(trunk.epochs)
    acting = Regulariser("method", method=method) if trunk and not at_start else None
    return Job(row, tier, method, acting, stop=0 if at_start else None)


def _tier(record: Record, dataset: str) -> Tier:
    """Return a record's tier with what stood for a dataset of the paper, which need not be here.

    The digest of one that no catalogue tells is taken from the record.
    """
    tier, _ = choose(base(record.tier))
    used = describe(record.dataset.used.split(" ")[0])
    with suppress(DatasetError):  # of a tier in which each dataset stands for itself
        if used.name == tier.description(dataset).name:
            return tier
    return replace(tier, substitutes={dataset: replace(used, digest=used.digest or record.dataset.digest)})

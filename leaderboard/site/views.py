"""Records of rows -> lines of the main table: the numbers that methods are compared by, rounded for a table."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import fmean
from typing import Any

from prunebench.protocol.tiers import base
from prunebench.records.parts import Arm, Interval, VerdictRecord
from prunebench.records.record import Record

from .collect import file_name, group_of

Line = dict[str, Any]
"""One line: names as text, numbers as numbers; what is not known is left out."""

MOST_ARMS = 24
"""Arms of one record that get columns in the table; its own page has all of them."""

_NOTICES = {
    "smoke": "digits, narrow networks: shows that the machinery works, never the paper's result",
    "laptop": "MNIST at 14x14, narrow networks: never the paper's result",
    "quick": "an eighth of the paper's epochs: no arm is at its plateau",
}


def notice(tier: str) -> str:
    """Return what is said at the head of a tier that must not be mistaken for the paper's setting; empty of others."""
    return _NOTICES.get(base(tier), "")


def compares_weights(relation: str) -> bool:
    """Say whether a relation is of Scratch-B and fine-tuning, the comparison that the whole suite is about."""
    return relation.startswith("scratch_b") and "finetune" in relation


def headline(record: Record) -> VerdictRecord | None:
    """Return the verdict that a table shows for a row: the one on Scratch-B and fine-tuning, else the first."""
    on_weights = (verdict for verdict in record.verdicts if compares_weights(verdict.relation))
    return next(on_weights, record.verdicts[0] if record.verdicts else None)


def weight_value(record: Record) -> Interval | None:
    """Return what the inherited weights are worth: fine-tuned less Scratch-B, as measured or from the headline."""
    if "weight" in record.values:
        return record.values["weight"]
    verdict = headline(record)
    if verdict is None or not compares_weights(verdict.relation) or verdict.unit != "points":
        return None
    return Interval(
        difference=-verdict.difference,
        lower=-verdict.upper,
        upper=-verdict.lower,
        confidence=verdict.confidence,
        n=verdict.n[::-1],
    )


def finished(record: Record) -> int:
    """Return for how many seeds every arm is finished."""
    return min((len(arm.accuracy) for arm in record.arms.values()), default=0)


def page_of(record: Record) -> str:
    """Return the address of a row's page, relative to the site's root."""
    return f"rows/{group_of(record)}/{file_name(record.row)}.html"


def line(record: Record, flags: Sequence[str] = ()) -> Line:
    """Return a row's line of the main table.

    Args:
        record: of the row.
        flags: what the page must warn of, such as `challenged`.
    """
    values = {"weight": weight_value(record), "architecture": record.values.get("architecture")}
    found = _names(record) | _verdict(headline(record)) | {"flags": " ".join(flags) or None}
    for name, arm in list(record.arms.items())[:MOST_ARMS]:
        found |= _arm(name, arm)
    for name, value in values.items():
        found |= _interval(name, value)
    for name in ("finetune", "scratch_b"):
        if name in record.paper:
            found[f"paper.{name}"] = record.paper[name].mean
    return {name: value for name, value in (found | _cost(record)).items() if value is not None}


def _names(record: Record) -> Line:
    file = file_name(record.row)
    return {
        "row": record.row,
        "file": file if file != record.row else None,
        "twin": min(record.row, *record.same_as) if record.same_as else None,
        "claims": " ".join(record.claims),
        "table": record.table,
        "ratio": number(100 * record.ratio, 2),
        "dataset": record.dataset.name,
        "dataset_used": record.dataset.used,
        "network": record.network.name,
        "network_used": record.network.used,
        "method": record.method.name,
        "method_file": method if (method := file_name(record.method.name)) != record.method.name else None,
        "method_used": record.method.used,
    }


def _verdict(verdict: VerdictRecord | None) -> Line:
    if verdict is None:
        return {}
    return {
        "state": verdict.state.lower(),
        "relation": verdict.relation,
        "paper_state": verdict.paper.state.lower() if verdict.paper else None,
        "n": min(verdict.n, default=0),
    } | (_interval("verdict", verdict) if verdict.unit == "points" else {})


def _arm(name: str, arm: Arm) -> Line:
    if not arm.accuracy:
        return {}
    mean, n = fmean(arm.accuracy), len(arm.accuracy)
    std = sqrt(sum((value - mean) ** 2 for value in arm.accuracy) / (n - 1)) if n > 1 else None
    return {f"mean.{name}": number(mean), f"std.{name}": number(std)}


def _interval(name: str, value: Interval | VerdictRecord | None) -> Line:
    if value is None:
        return {}
    return {
        name: number(value.difference),
        f"{name}.lower": number(value.lower),
        f"{name}.upper": number(value.upper),
    }


def _cost(record: Record) -> Line:
    sizes = [pruned.size for pruned in record.pruned]
    dense = record.dense
    return {
        "done": finished(record),
        "planned": record.seeds_planned,
        "seconds": number(sum(sum(arm.seconds) for arm in record.arms.values()), 1),
        "hardware": "; ".join(record.provenance.hardware),
        "flops": number(100 * fmean(s.flops for s in sizes) / dense.flops, 1) if sizes and dense.flops else None,
        "parameters": number(100 * fmean(s.parameters for s in sizes) / dense.parameters, 1)
        if sizes and dense.parameters
        else None,
    }


def number(value: float | None, digits: int = 3) -> float | None:
    """Return a number for a table."""
    return None if value is None else round(value, digits)

"""Records of rows -> lines of the main table: the numbers that methods are compared by, rounded for a table."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import fmean
from typing import Any

from prunebench.protocol.tiers import base
from prunebench.records.parts import Arm, Interval, VerdictRecord
from prunebench.records.record import Record

from . import wording
from .collect import file_name, group_of
from .findings import finding_of, margin_of, same_as_uniform

Line = dict[str, Any]
"""One line: names as text, numbers as numbers; what is not known is left out."""

MOST_ARMS = 24
"""Arms of one record that get columns in the table; its own page has all of them."""

PAIRED = ("finetune", "scratch_b")
"""Arms whose seeds are kept one by one: methods are ranked and compared by them."""

EPOCHS = ("dense", *PAIRED, "scratch_e")
"""Arms whose epochs are told in words."""

_NOTICES = {
    "smoke": "scikit-learn's digits, small networks: shows that the machinery works, never the paper's result",
    "laptop": "MNIST at 14x14, small networks: never the paper's result",
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


def gap(record: Record) -> Interval | None:
    """Return Scratch-B less fine-tuned, the one sign that pages have it in: the weight value turned round."""
    verdict = headline(record)
    if verdict and compares_weights(verdict.relation) and verdict.unit == "points":
        bounds = {"difference": verdict.difference, "lower": verdict.lower, "upper": verdict.upper}
        return Interval(**bounds, confidence=verdict.confidence, n=verdict.n)
    weight = record.values.get("weight")
    if weight is None:
        return None
    bounds = {"difference": -weight.difference, "lower": -weight.upper, "upper": -weight.lower}
    return Interval(**bounds, confidence=weight.confidence, n=weight.n[::-1])


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
    uniform = same_as_uniform(record)
    found = _names(record) | _verdict(headline(record), record.tier) | {"flags": " ".join(flags) or None}
    for name, arm in list(record.arms.items())[:MOST_ARMS]:
        found |= _arm(name, arm)
    found |= _interval("gap", gap(record))
    found |= {"same": "uniform"} if uniform else _interval("architecture", record.values.get("architecture"))
    for name in ("dense", *PAIRED):
        if name in record.paper:
            found[f"paper.{name}"] = record.paper[name].mean
    return {name: value for name, value in (found | _cost(record)).items() if value is not None}


def _names(record: Record) -> Line:
    file, own, data = file_name(record.row), record.network, record.dataset
    return {
        "row": record.row,
        "file": file if file != record.row else None,
        "twin": min(record.row, *record.same_as) if record.same_as else None,
        "claims": " ".join(record.claims),
        "table": record.table,
        "ratio": number(100 * record.ratio, 2),
        "dataset": wording.dataset(data.name, data.used),
        "dataset_used": data.used,
        "network": wording.network(own.name, own.used, record.dense.parameters, record.tier),
        "stands": wording.stands_for(record) or None,
        "treated": wording.treated(record),
        "method": record.method.name,
        "method_file": method if (method := file_name(record.method.name)) != record.method.name else None,
        "method_used": record.method.used if record.method.used != record.method.name else None,
    }


def _verdict(verdict: VerdictRecord | None, tier: str) -> Line:
    if verdict is None:
        return {}
    return {
        "state": verdict.state.lower(),
        "finding": finding_of(verdict, tier) or None,
        "relation": verdict.relation,
        "margin": number(margin_of(verdict, tier)),
        "n": min(verdict.n, default=0),
    } | (_interval("verdict", verdict) if verdict.unit == "points" else {})


def _arm(name: str, arm: Arm) -> Line:
    if not arm.accuracy:
        return {}
    mean, std = fmean(arm.accuracy), deviation(arm.accuracy)
    each: Line = {f"each.{name}": " ".join(f"{value:g}" for value in arm.accuracy)} if name in PAIRED else {}
    if name in EPOCHS:
        each[f"epochs.{name}"] = number(fmean(arm.epochs), 1) if arm.epochs else None
    return {f"mean.{name}": number(mean), f"std.{name}": number(std), **each}


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
        "ended": record.provenance.ended,
        "hardware": "; ".join(record.provenance.hardware),
        "flops": number(100 * fmean(s.flops for s in sizes) / dense.flops, 1) if sizes and dense.flops else None,
        "parameters": number(100 * fmean(s.parameters for s in sizes) / dense.parameters, 1)
        if sizes and dense.parameters
        else None,
    }


def deviation(values: Sequence[float]) -> float | None:
    """Return the standard deviation of a sample; a single value has none."""
    mean, n = fmean(values) if values else 0.0, len(values)
    return sqrt(sum((value - mean) ** 2 for value in values) / (n - 1)) if n > 1 else None


def number(value: float | None, digits: int = 3) -> float | None:
    """Return a number for a table."""
    return None if value is None else round(value, digits)

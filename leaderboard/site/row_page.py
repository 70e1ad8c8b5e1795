"""A row's record -> its page and the table of its seeds."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any
from urllib.parse import quote

from prunebench.judging.observation import crippled
from prunebench.records.parts import Arm, VerdictRecord
from prunebench.records.record import Record

from . import plots, repeat, wording
from .challenges import Challenge, Rerun
from .collect import file_name, group_of
from .findings import finding_of, judged, margin_of, same_as_uniform
from .origin import Origin
from .shells import template
from .views import deviation, finished, headline, notice, page_of

MOST_LAYERS = 120
"""Layers that the page shows; the record has all of them."""

_URI = str.maketrans({chr(i): quote(chr(i)) for i in range(128)})
"""Many times as fast as `quote`, which goes byte by byte."""

_FORMULA = tuple("=+-@\t\r")
_SEEDS = ("arm", "seed", "epochs", "accuracy", "best_accuracy", "seconds", "digest")


@dataclass(frozen=True)
class Said:
    """What is said of a record beside its own numbers.

    Attributes:
        challenges: what people hold against it.
        reruns: what came out when it was run again.
        doubts: lines on verdicts that do not follow from its numbers.
    """

    challenges: Sequence[Challenge]
    reruns: Sequence[Rerun]
    doubts: Sequence[str]


def render(record: Record, digest: str, said: Said, origin: Origin) -> str:
    """Return a row's page; `digest` is that of its JSON."""
    told = list(zip(record.verdicts, judged(record), strict=True))
    marks = [mark(verdict, one.tied, record) for verdict, one in told if verdict.unit == "points"]
    head = headline(record)
    return template("row.html").render(
        root="../../",
        record=record,
        challenges=said.challenges,
        reruns=said.reruns,
        doubts=said.doubts,
        title=wording.title(record),
        stands=wording.stands_for(record),
        group=group_of(record),
        file=file_name(record.row),
        head=head,
        found=finding_of(head, record.tier) if head else "",
        done=finished(record),
        notice=notice(record.tier),
        crippled=crippled(record),
        marks=marks,
        scale=plots.scale_of(marks) if marks else None,
        uniform=same_as_uniform(record),
        verdicts=told,
        arms=[arm_line(name, record) for name in wording.in_order(list(record.arms))],
        courses=plots.learning(record.arms),
        layers=_kept(record)[:MOST_LAYERS],
        stages=_stages(record),
        kernels=_kernels(record),
        repeat=repeat.lines(record, [record.dataset.used.partition(" ")[0]], origin),
        seconds=sum(sum(arm.seconds) for arm in record.arms.values()),
        digest=digest,
        address=page_of(record),
        seeds=f"data:text/csv,{_uri(seeds_csv(record))}",
        origin=origin,
    )


def mark(verdict: VerdictRecord, tied: str, record: Record) -> plots.Mark:
    """Return a verdict as a line of the row's forest; `tied` stands in place of its interval."""
    margin, bar = margin_of(verdict, record.tier), verdict.margin
    return plots.Mark(
        wording.words(contrast(verdict.relation)),
        "",
        "",
        verdict.difference,
        verdict.lower,
        verdict.upper,
        (-bar or -margin, margin),
        verdict.paper.difference if verdict.paper else None,
        finding_of(verdict, record.tier),
        tied,
    )


def contrast(relation: str) -> str:
    """Return the difference that a relation of two arms is about, such as `scratch_b - finetune`."""
    for words in (" at least ", " greater than ", " equivalent to "):
        if words in relation:
            return " - ".join(relation.split(words, 1))
    return relation


def arm_line(name: str, record: Record) -> dict[str, Any]:
    """Return what the table of arms says of one."""
    arm = record.arms[name]
    trained = bool(arm.curves)
    return {
        "name": name,
        "arm": arm,
        "mean": fmean(arm.accuracy) if arm.accuracy else None,
        "std": deviation(arm.accuracy),
        "best": fmean(arm.best_accuracy) if trained and arm.best_accuracy else None,
        "epochs": wording.spread(min(arm.epochs), max(arm.epochs)) if trained and arm.epochs else "",
        "flops": _training(name, arm, record) if trained and arm.epochs else None,
        "seconds": sum(arm.seconds),
        "paper": record.paper.get(name),
        "agreement": record.agreement.get(name),
    }


def _training(name: str, arm: Arm, record: Record) -> float | None:
    """Return the FLOPs that an arm was trained for, as a share of the dense training's."""
    dense = record.arms.get("dense")
    sizes = [pruned.size.flops for pruned in record.pruned]
    if dense is None or not arm.epochs or not dense.epochs or not fmean(dense.epochs) or not record.dense.flops:
        return None
    if name not in ("dense", "sparse") and not sizes:
        return None
    flops = record.dense.flops if name in ("dense", "sparse") else fmean(sizes)
    return fmean(arm.epochs) * flops / (fmean(dense.epochs) * record.dense.flops)


def _kept(record: Record) -> list[dict[str, Any]]:
    """Return how many channels each layer keeps: mean over the seeds, lowest and highest."""
    found = []
    for several in zip(*(pruned.layers for pruned in record.pruned), strict=False):
        kept = [layer.kept for layer in several]
        total = max(several[0].total, 1)
        found.append(
            {"name": several[0].layer, "mean": fmean(kept), "low": min(kept), "high": max(kept), "total": total}
        )
    return found


def _stages(record: Record) -> list[dict[str, Any]]:
    shares = zip(*(pruned.stages for pruned in record.pruned), strict=False)
    return [
        {"name": f"stage {i}", "mean": 100 * fmean(own), "low": 100 * min(own), "high": 100 * max(own), "total": 100}
        for i, own in enumerate(shares, 1)
    ]


def _kernels(record: Record) -> list[list[float]]:
    stages = zip(*(pruned.kernels for pruned in record.pruned), strict=False)
    return [[100 * fmean(place) for place in zip(*seeds, strict=False)] for seeds in stages]


def seeds_csv(record: Record) -> str:
    """Return every seed of every arm as CSV; a text that a spreadsheet would take for a formula gets an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_SEEDS)
    for name, arm in record.arms.items():
        columns = (arm.seeds, arm.epochs, arm.accuracy, arm.best_accuracy, arm.seconds, arm.digests)
        writer.writerows([plain(name), *values[:-1], plain(values[-1])] for values in zip(*columns, strict=False))
    return text.getvalue()


def _uri(text: str) -> str:
    return text.translate(_URI) if text.isascii() else quote(text)


def plain(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text

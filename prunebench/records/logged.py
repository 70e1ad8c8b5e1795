"""What MLflow shows of a record: parameters and metrics by name. Writing them is `tracking`'s."""

from __future__ import annotations

import re
from collections.abc import Iterator
from statistics import fmean

from prunebench.records.parts import Arm, VerdictRecord
from prunebench.records.record import AnyRecord, Record

_WORST_FIRST = ("REFUTED", "INCONCLUSIVE", "SUPPORTED")


def worst(verdicts: list[VerdictRecord]) -> str:
    """Return the worst state of all verdicts, an empty string where there is none."""
    states = {verdict.state for verdict in verdicts}
    return next((state for state in _WORST_FIRST if state in states), "")


def beside(verdicts: list[VerdictRecord]) -> dict[str, str]:
    """Return the tags of the verdict that decides: its finding, and whether it could tell the opposite."""
    found: dict[str, str] = {}
    for verdict in verdicts[:1]:
        if verdict.finding:
            found["pb.finding"] = verdict.finding
        if verdict.discriminates is not None:
            found["pb.discriminates"] = "yes" if verdict.discriminates else "no"
    return found


def row_params(record: AnyRecord) -> dict[str, str]:
    """Return the parameters of a record's run."""
    if not isinstance(record, Record):
        return {"rows": ",".join(record.rows)}
    return {
        "dataset": record.dataset.used,
        "network": record.network.used,
        "method": record.method.used,
        "ratio": str(record.ratio),
        "seeds": str(record.seeds_planned),
    }


def row_metrics(record: AnyRecord, verdicts: list[VerdictRecord]) -> dict[str, float]:
    """Return the metrics of a record's run: the arms' mean accuracies (percent), and each verdict with its bounds."""
    arms = record.arms if isinstance(record, Record) else {}
    found = {f"accuracy/{name}": fmean(arm.accuracy) for name, arm in arms.items() if arm.accuracy}
    for verdict in verdicts:
        label = re.sub(r"[^\w.:-]+", "_", f"{verdict.claim}_{verdict.relation}")[:200]
        found |= {f"{label}/{bound}": getattr(verdict, bound) for bound in ("difference", "lower", "upper")}
    return found


def epochs(arm: Arm, seed: int) -> Iterator[dict[str, float]]:
    """Yield the metrics of each epoch of one seed, in order."""
    for curve in arm.curves:
        if curve.seed == seed:
            columns = [c for c in ("test_accuracy", "train_accuracy", "train_loss", "lr") if getattr(curve, c)]
            for values in zip(*(getattr(curve, column) for column in columns), strict=True):
                yield dict(zip(columns, values, strict=True))

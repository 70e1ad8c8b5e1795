"""What a row would train, and what came out of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from prunebench.protocol.arms import ARMS
from prunebench.protocol.assignment import job
from prunebench.protocol.jobs import Job
from prunebench.protocol.tables import Row
from prunebench.protocol.tiers import Tier
from prunebench.records.record import Record, load
from prunebench.specs.experiment import Regulariser


def preview(row: Row, tier: Tier, data: Path) -> dict[str, Any]:
    """Return what `prunebench show` prints of a row; what only pruning or a run decides is None or empty before it.

    Args:
        row: of the paper.
        tier: size of the run.
        data: folder with the records.
    """
    work, path = job(row, tier), data / "records" / tier.name / f"{row.id}.json"
    record = load(path.read_text()) if path.exists() else None
    done = record if isinstance(record, Record) else None
    parameters, flops = _dense(work)
    trunk = ("dense",) if work.trunk(0) == work.dense(0) else ("dense", "sparse")
    return {
        "row": row.id,
        "tier": tier.name,
        "dataset": f"{work.dataset.name} for {row.dataset}",
        "network": f"{work.network.family} for {row.network}",
        "method": row.method,
        "ratio": work.ratio or None,
        "recipe": asdict(work.recipes.dense),
        "penalty": _penalty(work.regulariser),
        "params_dense": parameters,
        "params_pruned": [p.size.parameters for p in done.pruned] if done else None,
        "flops_dense": flops,
        "flops_pruned": [p.size.flops for p in done.pruned] if done else None,
        "arms": {arm: _arm(work, arm, done) for arm in (done.arms if done else (*trunk, *planned(row)))},
        "verdict": done.verdicts[0].state if done and done.verdicts else None,
        "verdicts": {verdict.relation: verdict.state for verdict in done.verdicts} if done else {},
    }


def _penalty(acting: Regulariser | None) -> dict[str, float] | None:
    if acting is None:
        return None
    return {acting.name: acting.strength} | ({"steps apart": acting.every} if acting.every else {})


def _arm(work: Job, name: str, done: Record | None) -> dict[str, Any]:
    if done:
        arm = done.arms[name]
        return {"epochs": max(arm.epochs), "seeds": arm.seeds, "accuracy": arm.accuracy}
    return {"epochs": _epochs(work, name), "seeds": list(range(work.tier.seeds)), "accuracy": []}


def planned(row: Row) -> list[str]:
    """Return the arms that the row's table has, in its order."""
    return [name for name in (*row.paper, *row.drops) if name in ARMS]


def _epochs(work: Job, name: str) -> int | None:
    """Return how many epochs an arm, or the dense network, is trained; None where the pruned FLOPs decide it."""
    if name in ("dense", "sparse"):
        return (work.dense if name == "dense" else work.trunk)(0).recipe.trained
    arm = ARMS[name]
    return None if "flops" in arm.budget else work.arm(name, 0, {"flops": 1, "dense": {"flops": 1}}).recipe.trained


def _dense(work: Job) -> tuple[int, int]:
    import torch

    from prunebench import networks
    from prunebench.networks.flops import count

    data = work.classification.dataset
    network = networks.build(work.network, data.channels, data.classes)
    cost = count(network, torch.zeros(1, data.channels, data.size, data.size))
    return cost.parameters, cost.flops

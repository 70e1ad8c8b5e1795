"""What a row would train, and what came out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prunebench.jobs import job
from prunebench.record import Record, load
from prunebench.tables import Row
from prunebench.tiers import Tier


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
    parameters, flops = _dense(work.classifier(0))
    return {
        "row": row.id,
        "tier": tier.name,
        "dataset": f"{work.dataset.name} for {row.dataset}",
        "network": f"{work.network.family} for {row.network}",
        "method": row.method,
        "params_dense": parameters,
        "params_pruned": [p.size.parameters for p in done.pruned] if done else None,
        "flops_dense": flops,
        "flops_pruned": [p.size.flops for p in done.pruned] if done else None,
        "arms": {arm: _arm(work, arm, done) for arm in ("dense", *work.arms)},
        "verdict": done.verdicts[0].state if done and done.verdicts else None,
    }


def _arm(work: Any, name: str, done: Record | None) -> dict[str, Any]:
    if done:
        arm = done.arms[name]
        return {"epochs": max(arm.epochs), "seeds": arm.seeds, "accuracy": arm.accuracy}
    planned = {"dense": work.recipes.dense, "scratch_e": work.recipes.dense, "finetune": work.recipes.finetune}
    recipe = planned.get(name)
    return {"epochs": recipe.epochs if recipe else None, "seeds": list(range(work.tier.seeds)), "accuracy": []}


def _dense(spec: Any) -> tuple[int, int]:
    import torch

    from prunebench import networks
    from prunebench.datasets.registry import describe
    from prunebench.networks.flops import count

    data = describe(spec.dataset.name)
    network = networks.build(spec.network, data.channels, data.classes)
    cost = count(network, torch.zeros(1, data.channels, data.size, data.size))
    return cost.parameters, cost.flops

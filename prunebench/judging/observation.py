"""Outcomes -> record: what is known of a row, derived from the store alone."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prunebench.judging.value import values
from prunebench.protocol.arms import BASELINE_ARMS
from prunebench.protocol.jobs import Job
from prunebench.records.course import COURSES, Curve, curve
from prunebench.records.parts import Arm, Interval, Kept, Provenance, Pruned, Published, Size, Subject
from prunebench.records.record import Record
from prunebench.specs.experiment import PROTOCOL, Network, Spec
from prunebench.statistics import sample
from prunebench.store.outcome import Outcome
from prunebench.store.store import Store

FLOOR = (
    "every layer keeps at least one channel, where the authors' code may empty it and fail (claims/protocols.md, Q9)"
)


FAR_BELOW = 20.0
"""Points below the dense network from which on an arm is called crippled: it shows its schedule, not its weights."""

CRIPPLED = "points below the dense network: in this tier it is crippled, and no judge of the other arms"

BUDGETED = (
    "each arm ends with its budget, fewer epochs than the paper's, and not at a plateau that was shown: more might "
    "raise it, Scratch-B above all"
)


def specs(job: Job, seed: int, arms: Iterable[str], store: Store) -> dict[str, Spec]:
    """Return the specs of a row and seed that are known so far, by arm: the arms' follow from the pruning's outcome."""
    known: dict[str, Spec] = {"dense": job.dense(seed), "sparse": job.trunk(seed), "pruned": job.pruning(seed)}
    if known["sparse"] == known["dense"]:
        del known["sparse"]
    pruning = store.get(known["pruned"])
    return known if pruning is None else known | {arm: job.arm(arm, seed, pruning.facts) for arm in arms}


def observe(job: Job, seeds: Sequence[int], arms: Sequence[str], store: Store, same_as: Sequence[str] = ()) -> Record:
    """Return the record of a row, with the seeds that are finished and without verdicts or command.

    Args:
        job: row and tier.
        seeds: that were asked for.
        arms: beside the trunk.
        store: where the outcomes are.
        same_as: rows that share all specs with this one.
    """
    outcomes = {seed: _outcomes(job, seed, arms, store) for seed in seeds}
    done = [seed for seed in seeds if "pruned" in outcomes[seed]]
    every = [outcome for by_arm in outcomes.values() for outcome in by_arm.values()]
    pruned = [_pruned(seed, outcomes[seed]["pruned"]) for seed in done]
    found = {
        arm: _arm(job, arm, {s: o for s, by in outcomes.items() if (o := by.get(arm))}) for arm in _order(job, arms)
    }
    return Record(
        protocol=PROTOCOL,
        row=job.row.id,
        claims=list(job.row.claims),
        title=job.row.title,
        section=job.row.section,
        table=job.row.table,
        tier=job.tier.name,
        dataset=_dataset(job),
        network=Subject(name=job.row.network, used=described(job.network), digest=job.network.source),
        method=Subject(name=job.row.method, used=job.method.name, digest=job.method.source),
        ratio=job.ratio,
        seeds_planned=len(seeds),
        dense=_size(outcomes[done[0]]["pruned"].facts["dense"]),
        pruned=pruned,
        arms=found,
        paper={arm: Published(mean=n.mean, std=n.std, n=n.n) for arm, n in job.row.paper.items()},
        verdicts=[],
        same_as=list(same_as),
        values=_values(job, found),
        resolution=round(job.dataset.resolution, 9),
        chance=round(job.dataset.chance, 6),
        notes=[
            *_crippled(job, found),
            *_ended(job),
            *([FLOOR] if any(p.layers for p in pruned) else []),
            *_told(pruned),
        ],
        provenance=_provenance(every),
        command="",
    )


def _crippled(job: Job, found: Mapping[str, Arm]) -> list[str]:
    """Name the arms that stand far below the dense network, `pruned` where the paper fine-tunes no further."""
    untrained = {"dense", "sparse"} | {"pruned"} - job.row.paper.keys()
    means = {arm: sample(own.accuracy).mean for arm, own in found.items() if own.accuracy}
    gaps = {arm: means["dense"] - mean for arm, mean in means.items() if arm not in untrained}
    return [f"{arm} stands {gap:.0f} {CRIPPLED}" for arm, gap in gaps.items() if gap >= FAR_BELOW]


def _ended(job: Job) -> list[str]:
    return [] if job.tier.whole else [BUDGETED]


def crippled(record: Record) -> list[str]:
    """Return what a record notes of crippled arms, in a few words each."""
    return [note.partition(":")[0] for note in record.notes if note.endswith(CRIPPLED)]


def _told(pruned: Sequence[Pruned]) -> list[str]:
    return sorted({note for each in pruned for note in each.notes})


def _values(job: Job, found: Mapping[str, Arm]) -> dict[str, Interval]:
    """Return what weights and architecture are worth, the latter not of uniform pruning, which others have to beat."""
    told = {arm: sample(own.accuracy, job.dataset.resolution) for arm, own in found.items()}
    known = values(told, job.tier.confidence)
    return {name: value for name, value in known.items() if (name, job.method.name) != ("architecture", "uniform")}


def _order(job: Job, arms: Sequence[str]) -> list[str]:
    return ["dense", *(["sparse"] if job.trunk(0) != job.dense(0) else []), "pruned", *arms]


def _outcomes(job: Job, seed: int, arms: Sequence[str], store: Store) -> dict[str, Outcome]:
    found = {arm: store.get(spec) for arm, spec in specs(job, seed, arms, store).items()}
    return {arm: outcome for arm, outcome in found.items() if outcome is not None}


def _arm(job: Job, name: str, outcomes: dict[int, Outcome]) -> Arm:
    facts = [outcome.facts for outcome in outcomes.values()]
    trained = {seed: outcome for seed, outcome in outcomes.items() if outcome.facts.get("epochs")}
    return Arm(
        seeds=list(outcomes),
        epochs=[f.get("epochs", 0) for f in facts],
        budget=job.budget(name) if name not in ("dense", "sparse", "pruned") else "",
        accuracy=[round(f["accuracy"], 4) for f in facts],
        best_accuracy=[round(f.get("best_accuracy", f["accuracy"]), 4) for f in facts],
        seconds=[f["seconds"] for f in facts],
        digests=[outcome.digest for outcome in outcomes.values()],
        curves=[_curve(seed, outcome) for seed, outcome in trained.items()],
        measures={"flops": [float(f["flops"]) for f in facts]} if name in BASELINE_ARMS else {},
    )


def _curve(seed: int, outcome: Outcome) -> Curve:
    rows = list(csv.DictReader(outcome.read("history.csv").decode().splitlines()))
    return curve(seed, {name: [round(float(row[name]), 6) for row in rows if row[name]] for name in COURSES})


def _size(facts: Mapping[str, Any]) -> Size:
    return Size(**{name: facts[name] for name in Size.model_fields if name in facts})


def _pruned(seed: int, outcome: Outcome) -> Pruned:
    plan = outcome.json("plan.json")
    layers = [Kept(layer=name, kept=len(kept), total=plan["total"][name]) for name, kept in plan["keep"].items()]
    return Pruned(
        seed=seed,
        size=_size(outcome.facts),
        layers=layers,
        digest=outcome.digest,
        notes=plan["notes"],
        stages=[round(share, 4) for share in outcome.facts["stages"]],
        kernels=[[round(share, 4) for share in stage] for stage in outcome.facts["kernels"]],
    )


def _dataset(job: Job) -> Subject:
    data = job.dataset
    size = f" {data.size}x{data.size}" if data.size else ""
    return Subject(name=job.row.dataset, used=f"{data.name}{size}", digest=data.digest)


def described(network: Network) -> str:
    """Return a network's family and settings, for people."""
    if network.source:
        return f"{network.family} of a user's file"
    settings = network.options.as_dict().items()
    words = [f"{k} {'-'.join(map(str, v)) if isinstance(v, tuple) else v}" for k, v in settings]
    return f"{network.family} ({', '.join(words)})"


def _provenance(outcomes: list[Outcome]) -> Provenance:
    facts = [outcome.facts for outcome in outcomes]
    packages = sorted({name for f in facts for name in f["versions"]})
    return Provenance(
        commits=sorted({f["commit"] for f in facts}),
        hardware=sorted({f["hardware"] for f in facts}),
        versions={name: sorted({f["versions"][name] for f in facts if name in f["versions"]}) for name in packages},
        started=min(f["started"] for f in facts),
        ended=max(f["ended"] for f in facts),
    )

"""`prunebench plan`: what is stored, what is missing, and the time it needs, before starting."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from prunebench.commands.options import Data, Datasets, Json, Tier
from prunebench.common.terminal import clock, counted
from prunebench.judging.planning import Part, absent
from prunebench.judging.planning import plan as planned


def plan(
    expression: Annotated[str, typer.Option("-k", help="As pytest's -k.")] = "",
    tier: Tier = "auto",
    seeds: Annotated[str | None, typer.Option(help="Seeds of each row, as --pb-seeds; else the tier's.")] = None,
    dataset: Datasets = None,
    data: Data = Path("data"),
    as_json: Json = False,
) -> None:
    """Show what a run on claims would find stored, what it would train and about how long that takes."""
    from prunebench.plugin.selection import select
    from prunebench.runner.environment import device, gpus
    from prunebench.runner.estimate import Estimator

    selection, settings = select(expression, tier, seeds, str(data), dataset or ())
    estimator = Estimator(settings.data, settings.threads, device(settings.device, gpus()))
    parts = planned(list(selection.rows.values()), settings, estimator)
    found = {
        "tier": settings.tier.name,
        "seeds": len(settings.seeds),
        "tests": selection.tests,
        "stored": sum(part.stored for part in parts),
        "missing": sum(part.missing for part in parts),
        "seconds": round(sum(part.seconds for part in parts), 1),
        "measured_now": len(estimator.tried),
        "not_counted": selection.apart,
        "not_here": absent(list(selection.rows.values()), settings),
        "rows": [asdict(part) for part in parts],
    }
    print(json.dumps(found, indent=1) if as_json else _page(found, parts))


def _page(found: dict[str, Any], parts: list[Part]) -> str:
    width = max((len(part.row) for part in parts), default=3)
    sizes = counted(found["seeds"], "seed"), counted(found["tests"], "claim test"), counted(len(parts), "row")
    lines = [f"tier {found['tier']}, {sizes[0]}, {sizes[1]} on {sizes[2]}", ""]
    lines += [f"{'row':{width}}  stored  missing  shared  time"]
    for part in parts:
        time = f"{clock(part.seconds)}{'*' if part.guessed else ''}" if part.missing else "-"
        numbers = f"{part.stored:6}  {part.missing:7}  {part.shared:6}  {time}"
        lines.append(f"{part.row:{width}}  {'cannot run' if part.note else numbers}")
    if not all(part.note for part in parts):
        lines += ["", f"{found['stored']} outcomes stored, {found['missing']} missing: {_time(found)}"]
    for note, count in Counter(part.note for part in parts if part.note).items():
        lines += ["", f"{counted(count, 'row')} cannot run: {note}"]
    if any(part.guessed for part in parts):
        lines.append("* the epochs of scratch_b are a guess until pruning has decided")
    if found["not_here"]:
        lines.append(f"not here yet: {', '.join(found['not_here'])}; `prunebench data list` says how to get each")
    if found["not_counted"]:
        lines.append(f"not counted, since they choose rows in their bodies: {', '.join(found['not_counted'])}")
    return "\n".join(lines)


def _time(found: dict[str, object]) -> str:
    if not found["missing"]:
        return "nothing is trained"
    rough = "a rough figure from a few steps here, since nothing is stored of some networks"
    basis = rough if found["measured_now"] else "from what stored outcomes of the same networks took"
    return f"about {clock(found['seconds'])} on one worker ({basis})"  # type: ignore[arg-type]

"""`prunebench plan`: what is stored, what is missing, and the time it needs, before starting."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prunebench.commands.options import Data, Datasets, Json, Tier
from prunebench.common.terminal import clock, counted
from prunebench.judging.planning import Part, absent, graph
from prunebench.judging.planning import plan as planned

if TYPE_CHECKING:
    from prunebench.runner.schedule import Timing


def plan(
    expression: Annotated[str, typer.Option("-k", help="As pytest's -k.")] = "",
    tier: Tier = "auto",
    seeds: Annotated[str | None, typer.Option(help="Seeds of each row, as --pb-seeds; else the tier's.")] = None,
    dataset: Datasets = None,
    data: Data = Path("data"),
    gpus: Annotated[
        int, typer.Option(min=0, help="Take catalogued times of an H100, and so many of them; nothing is tried here.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Show what a run on claims would find stored, what it would train and about how long that takes."""
    from prunebench.plugin.selection import select
    from prunebench.runner.environment import device
    from prunebench.runner.environment import gpus as found_gpus
    from prunebench.runner.estimate import Estimator
    from prunebench.runner.schedule import simulate
    from prunebench.runner.steptime import Catalogued

    selection, settings = select(expression, tier, seeds, str(data), dataset or ())
    rows = list(selection.rows.values())
    here = Estimator(settings.data, settings.threads, "cpu" if gpus else device(settings.device, found_gpus()))
    times = Catalogued(settings.data) if gpus else here
    parts = planned(rows, settings, times)
    found = {
        "tier": settings.tier.name,
        "seeds": len(settings.seeds),
        "tests": selection.tests,
        "stored": sum(part.stored for part in parts),
        "missing": sum(part.missing for part in parts),
        "seconds": round(sum(part.seconds for part in parts), 1),
        "measured_now": len(here.tried),
        "not_counted": selection.apart,
        "not_here": absent(rows, settings),
        "cluster": _cluster(simulate(graph(rows, settings, times), gpus)) if gpus else None,
        "rows": [asdict(part) for part in parts],
    }
    print(json.dumps(found, indent=1) if as_json else _page(found, parts))


def _cluster(timing: Timing) -> dict[str, Any]:
    return {
        "gpus": timing.gpus,
        "hours": round(timing.makespan / 3600, 2),
        "critical_hours": round(timing.critical / 3600, 2),
        "gpu_hours": round(timing.work / 3600, 2),
        "idle": round(timing.idle, 3),
    }


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
    if found["cluster"]:
        lines += [_on_cluster(found["cluster"])]
    for note, count in Counter(part.note for part in parts if part.note).items():
        lines += ["", f"{counted(count, 'row')} cannot run: {note}"]
    if any(part.guessed for part in parts):
        lines.append("* the epochs of scratch_b are a guess until pruning has decided")
    if found["not_here"]:
        lines.append(f"not here yet: {', '.join(found['not_here'])}; `prunebench data list` says how to get each")
    if found["not_counted"]:
        lines.append(f"not counted, since they choose rows in their bodies: {', '.join(found['not_counted'])}")
    return "\n".join(lines)


def _on_cluster(told: dict[str, Any]) -> str:
    cards, hours = counted(told["gpus"], "H100"), clock(3600 * told["hours"])
    chain, work = clock(3600 * told["critical_hours"]), f"{told['gpu_hours']:,.1f} GPU-hours"
    return f"on {cards}, one training each: {hours} ({work}, idle {told['idle']:.0%}); the longest chain takes {chain}"


def _time(found: dict[str, object]) -> str:
    if not found["missing"]:
        return "nothing is trained"
    if found["cluster"]:
        return f"about {clock(found['seconds'])} on one H100, from catalogued step times"  # type: ignore[arg-type]
    rough = "a rough figure from a few steps here, since nothing is stored of some networks"
    basis = rough if found["measured_now"] else "from what stored outcomes of the same networks took"
    return f"about {clock(found['seconds'])} on one worker ({basis})"  # type: ignore[arg-type]

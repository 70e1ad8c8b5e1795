"""Methods over all the settings that they share -> one number each, with its doubt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prunebench.statistics.aggregates import Standing, standings

from .ranks import ARMS, named
from .views import Line

BASELINES = ("random", "uniform")
"""Methods that the others are held against, the last of these that is among them; else the first by name."""

FEWEST = 2
"""Settings and methods; of fewer there is nothing to sum up."""

Cells = Mapping[str, Sequence[Line]]


@dataclass(frozen=True)
class Overall:
    """Methods that were tried in the same settings.

    Attributes:
        settings: these, in words.
        against: method that the others are held against.
        plans: by method, the first method that found its very architectures, itself or another one.
        tuned: standings of the fine-tuned networks, in points less the dense network's mean.
        scratch: of Scratch-B, one for each method of `plans`.
    """

    settings: Sequence[str]
    against: str
    plans: Mapping[str, str]
    tuned: Sequence[Standing]
    scratch: Mapping[str, Standing]


def overall(cells: Cells) -> list[Overall]:
    """Return the methods of cells that have the same ones, over these cells; most cells first."""
    together: dict[frozenset[str], dict[str, Sequence[Line]]] = defaultdict(dict)
    for cell, lines in cells.items():
        together[frozenset(line["method"] for line in lines)][cell] = lines
    found = [_overall(own) for own in together.values() if len(own) >= FEWEST]
    return sorted((one for one in found if one), key=lambda one: -len(one.settings))


def _overall(cells: Cells) -> Overall | None:
    lines = {cell: {line["method"]: line for line in several} for cell, several in cells.items()}
    methods = sorted(next(iter(lines.values())), key=_place)
    seeds = {len(line[f"each.{arm}"].split()) for own in lines.values() for line in own.values() for arm in ARMS}
    dense = all("mean.dense" in line for own in lines.values() for line in own.values())
    if len(methods) < FEWEST or len(seeds) > 1 or min(seeds) < FEWEST or not dense:
        return None
    found = [tuple(own[method]["each.scratch_b"] for own in lines.values()) for method in methods]
    plans = {method: methods[found.index(plan)] for method, plan in zip(methods, found, strict=True)}
    networks = {cell: own[methods[0]]["network"] for cell, own in lines.items()}
    tuned = standings(_scores(lines, methods, "finetune"), networks, methods[0])
    scratch = standings(_scores(lines, list(dict.fromkeys(plans.values())), "scratch_b"), networks, methods[0])
    settings = [named(cell, own[methods[0]]) for cell, own in lines.items()]
    return Overall(settings, methods[0], plans, tuned, {one.method: one for one in scratch})


def _place(method: str) -> tuple[int, str]:
    return -BASELINES.index(method) - 1 if method in BASELINES else 0, method


def _scores(
    lines: Mapping[str, Mapping[str, Line]], methods: Sequence[str], arm: str
) -> dict[str, dict[str, list[float]]]:
    return {
        method: {
            cell: [float(value) - own[method]["mean.dense"] for value in own[method][f"each.{arm}"].split()]
            for cell, own in lines.items()
        }
        for method in methods
    }

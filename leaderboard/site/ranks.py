"""Methods at equal FLOPs -> ranks, as ranges: what cannot be told apart shares its places."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prunebench.statistics import Sample, greater, sample

from .views import Line

ARMS = ("finetune", "scratch_b")


@dataclass(frozen=True)
class Place:
    """Where one plan stands among those of its network and size.

    Attributes:
        rows: that came to this very plan, as one Scratch-B says, seed by seed.
        ranks: by arm, best and worst place that the seeds allow.
        means: accuracy by arm, of the first row.
    """

    rows: tuple[Line, ...]
    ranks: Mapping[str, tuple[int, int]]
    means: Mapping[str, float]


_ALLOCATIONS = {
    "global": "channels of all layers in one order",
    "protected": "channels of all layers in one order, a tenth of each layer kept",
}


def named(cell: str, line: Line) -> str:
    """Return a cell in words, told by one of its rows: network, dataset, size and allocation."""
    found = re.match(r"(?:(\d+)x\.)?(?:(global|protected)\.)?", cell)
    speedup, allocation = found.groups() if found else (None, None)
    size = f"1/{speedup} of the FLOPs" if speedup else ""
    return ", ".join(
        filter(None, (f"{line['network']} on {line['dataset']}", size, _ALLOCATIONS.get(allocation or "")))
    )


def cell_of(line: Line) -> str:
    """Return what methods must share to be ranked: a row that was lent to each of them, at one size; else nothing."""
    found = re.fullmatch(rf"[a-z]\d+\.{re.escape(line['method'])}\.(.+)", line["row"])
    return found[1] if found else ""


def cells(lines: Iterable[Line]) -> dict[str, list[Line]]:
    """Return the rows that can be ranked, by what they share; a single one has no rank."""
    found: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if all(f"each.{arm}" in line for arm in ARMS) and (cell := cell_of(line)):
            found[cell].append(line)
    return {cell: several for cell, several in found.items() if len(several) > 1}


def places(lines: Sequence[Line]) -> list[Place]:
    """Return the places of rows of one cell, best Scratch-B first; rows of fine-tuned networks keep ranks of their own.

    A row is above another where the 95 % one-sided Welch interval of their difference lies above zero, each pair for
    itself; its range goes from one more than those above it to the number of those that it is not above.
    """
    ranks = {arm: _ranges([_values(line, arm) for line in lines]) for arm in ARMS}
    plans: dict[str, list[int]] = defaultdict(list)
    for i, line in enumerate(lines):
        plans[line["each.scratch_b"]].append(i)
    found = [_place(lines, own, ranks) for own in plans.values()]
    return sorted(found, key=lambda place: (place.ranks["scratch_b"], -place.means["scratch_b"]))


def _place(lines: Sequence[Line], own: Sequence[int], ranks: Mapping[str, Sequence[tuple[int, int]]]) -> Place:
    spans = {arm: (min(ranks[arm][i][0] for i in own), max(ranks[arm][i][1] for i in own)) for arm in ARMS}
    return Place(tuple(lines[i] for i in own), spans, {arm: lines[own[0]][f"mean.{arm}"] for arm in ARMS})


def _values(line: Line, arm: str) -> Sample:
    return sample(map(float, line[f"each.{arm}"].split()), line.get("resolution", 0.0))


def _ranges(samples: Sequence[Sample]) -> list[tuple[int, int]]:
    n = len(samples)
    above = [[a != b and _above(a, b) for b in samples] for a in samples]
    return [(1 + sum(above[j][i] for j in range(n)), n - sum(above[i])) for i in range(n)]


def _above(a: Sample, b: Sample) -> bool:
    return a.mean > b.mean and min(a.n, b.n) > 1 and greater(a, b).lower > 0

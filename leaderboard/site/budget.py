"""What computing buys: each arm's accuracy beside the dense network's, against the FLOPs of its training."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from statistics import fmean
from typing import NamedTuple

from markupsafe import Markup, escape

from prunebench.protocol.arms import PAPER_ARMS

from .plots import Scale, around, ticks
from .views import Line
from .wording import arm, signed

_TICKS = [digit * 10.0**power for power in range(-4, 3) for digit in (1, 2, 5)]


class Spent(NamedTuple):
    """One arm of one row.

    Attributes:
        arm: name.
        flops: of its training, as a multiple of the dense network's.
        gain: its accuracy less the dense network's, points.
        label: which row.
    """

    arm: str
    flops: float
    gain: float
    label: str


class Sum(NamedTuple):
    """One arm over all rows: name, mean gain in points, and the FLOPs of its training, lowest and highest."""

    arm: str
    gain: float
    low: float
    high: float


def spent(lines: Sequence[Line]) -> list[Spent]:
    """Return the arms of rows whose epochs and FLOPs are known; what the dense training itself took is not in them."""
    return [found for line in lines for name in PAPER_ARMS if (found := _spent(line, name))]


def _spent(line: Line, name: str) -> Spent | None:
    needed = ("flops", "epochs.dense", "mean.dense", f"epochs.{name}", f"mean.{name}")
    if not all(line.get(key) for key in needed):
        return None
    flops = line[f"epochs.{name}"] * line["flops"] / (100 * line["epochs.dense"])
    label = f"{line['network']} on {line['dataset']}, {line['treated']}"
    return Spent(name, flops, line[f"mean.{name}"] - line["mean.dense"], label)


def sums(points: Sequence[Spent]) -> list[Sum]:
    """Return each arm's mean over its rows."""
    by_arm = {name: [point for point in points if point.arm == name] for name in PAPER_ARMS}
    return [
        Sum(name, fmean(p.gain for p in own), min(p.flops for p in own), max(p.flops for p in own))
        for name, own in by_arm.items()
        if own
    ]


def plane(points: Sequence[Spent]) -> Markup:
    """Return the points as a plot: FLOPs on a logarithmic scale to the right, accuracy upwards; nothing of none."""
    if not points:
        return Markup("")
    widths, gains = [log10(p.flops) for p in points], [0.0, *(p.gain for p in points)]
    across, up = around(min(widths), max(widths), 0.06), around(min(gains), max(gains), 0.08)
    rows = "".join(
        f'<text class="tick" x="9%" y="{_y(v, up)}" text-anchor="end">{signed(v, 1)}</text>'
        f'<line class="grid" x1="10%" x2="99%" y1="{_y(v, up)}" y2="{_y(v, up)}"/>'
        for v in ticks(up.low, up.high)
    )
    columns = "".join(
        f'<text class="tick" x="{_x(v, across)}" y="96%" text-anchor="middle">{v:g}×</text>'
        for v in _TICKS
        if across.low <= log10(v) <= across.high
    )
    label = "Accuracy less the dense network's, by FLOPs of training"
    dots = "".join(_dot(point, across, up) for point in points)
    return Markup(f'<svg class="plot low" role="img" aria-label="{label}">{rows}{columns}{dots}</svg>')


def _dot(point: Spent, across: Scale, up: Scale) -> str:
    said = f"{point.label}, {arm(point.arm)}: {signed(point.gain)} points at {point.flops:.2g}× the FLOPs"
    place = f'cx="{_x(point.flops, across)}" cy="{_y(point.gain, up)}"'
    return f'<circle class="mean arm-{escape(point.arm)}" {place} r="5"><title>{escape(said)}</title></circle>'


def _x(flops: float, across: Scale) -> str:
    return f"{10 + 0.89 * float(across.at(log10(flops))[:-1]):.2f}%"


def _y(gain: float, up: Scale) -> str:
    return f"{3 + 87 * (up.high - gain) / (up.high - up.low):.2f}%"

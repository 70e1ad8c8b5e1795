"""Numbers -> SVG that needs no script: positions are percents, so that a plot fits a phone and its text stays legible.

Drawn here rather than by a library because there is a plot on every one of thousands of pages: Vega-Lite takes about
50 ms for each and its script is larger than a whole page may be, these take less than one and have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from math import ceil, floor, log10
from statistics import fmean
from typing import NamedTuple

from markupsafe import Markup, escape

from prunebench.records.parts import Arm, Point

from .wording import in_order, signed

CLIPPED = 1.8
"""An interval is cut, with an arrow, at this many times the largest difference, margin or published value."""

MOST_POINTS = 100
"""Points of one line; longer courses are thinned."""


class Mark(NamedTuple):
    """One interval of a forest.

    Attributes:
        label: what it is of.
        link: address of its page, empty for none.
        note: what it stands in for, or another line below the label.
        difference: estimate.
        lower: one-sided bound.
        upper: one-sided bound.
        margin: lower and upper end of what counts as equal.
        paper: the paper's difference on its own data, None where it has none.
        finding: better, worse, equal, open; its colour and word.
        text: in place of an interval, where there is none to show.
    """

    label: str
    link: str
    note: str
    difference: float
    lower: float
    upper: float
    margin: tuple[float, float]
    paper: float | None
    finding: str
    text: str = ""


class Scale(NamedTuple):
    """From `low` to `high` across the whole width."""

    low: float
    high: float

    def at(self, value: float) -> str:
        """Return the place of a value in percent."""
        return f"{100 * min(max((value - self.low) / (self.high - self.low), 0), 1):.2f}%"


def scale_of(marks: Iterable[Mark]) -> Scale:
    """Return a scale with zero, all differences, margins and published values, and the bounds as far as they fit."""
    shown = [mark for mark in marks if not mark.text]
    if not shown:
        return Scale(-1.0, 1.0)
    inner = [
        0.0,
        *chain.from_iterable((m.difference, *m.margin, *([m.paper] if m.paper is not None else [])) for m in shown),
    ]
    most = CLIPPED * max(map(abs, inner)) or 1.0
    bounds = [min(max(bound, -most), most) for m in shown for bound in (m.lower, m.upper)]
    return around(min(inner + bounds), max(inner + bounds), 0.04)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round numbers from `low` to `high`, `most` of them and one more at most."""
    step = 10.0 ** floor(log10((high - low) / most))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= most)
    return [step * i for i in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def strip(mark: Mark, scale: Scale) -> Markup:
    """Return one line of a forest: the margin as a band, the interval as a bar, the paper as a diamond."""
    at = scale.at
    said = f"{signed(mark.difference)}, from {signed(mark.lower)} to {signed(mark.upper)}: {mark.finding}"
    paper = f"; the paper, on its own data: {signed(mark.paper)}" if mark.paper is not None else ""
    low, high = mark.margin
    width = 100 * (high - low) / (scale.high - scale.low)
    parts = [
        f'<svg class="strip {escape(mark.finding)}" role="img" aria-label="{said}{paper}"><title>{said}{paper}</title>',
        f'<rect class="band" x="{at(low)}" width="{width:.2f}%" y="0" height="100%"/>' if high > low else "",
        f'<line class="zero" x1="{at(0)}" x2="{at(0)}" y1="0" y2="100%"/>',
        f'<line class="bar" x1="{at(mark.lower)}" x2="{at(mark.upper)}" y1="50%" y2="50%"/>',
        f'<circle class="dot" cx="{at(mark.difference)}" cy="50%" r="5"/>',
        *(_arrow(mark.lower < scale.low, "0%", "‹", "start"), _arrow(mark.upper > scale.high, "100%", "›", "end")),
        f'<text class="diamond" x="{at(mark.paper)}" y="50%">◇</text>' if mark.paper is not None else "",
        "</svg>",
    ]
    return Markup("".join(parts))


def _arrow(cut: bool, place: str, sign: str, anchor: str) -> str:
    return f'<text class="cut" x="{place}" y="50%" text-anchor="{anchor}">{sign}</text>' if cut else ""


def axis(scale: Scale) -> Markup:
    """Return the numbers below a forest."""
    found = ticks(scale.low, scale.high)
    digits = (
        0 if all(value == round(value) for value in found) else 2 if any(round(10 * v) != 10 * v for v in found) else 1
    )
    marks = "".join(
        f'<text class="tick" x="{scale.at(v)}" y="12" text-anchor="middle">{signed(v, digits)}</text>' for v in found
    )
    return Markup(f'<svg class="axis" aria-hidden="true">{marks}</svg>')


class Course(NamedTuple):
    """One line of a plot.

    Attributes:
        name: for the legend.
        kind: class of its colour.
        points: of the mean.
        seeds: points of each seed, drawn thin.
    """

    name: str
    kind: str
    points: Sequence[tuple[float, float]]
    seeds: Sequence[Sequence[tuple[float, float]]] = ()


def learning(arms: Mapping[str, Arm]) -> list[Course]:
    """Return test accuracy by epoch of every arm that was trained."""
    found = []
    for name in in_order(list(arms)):
        series = [curve.test_accuracy for curve in arms[name].curves if curve.test_accuracy]
        if not series:
            continue
        length = min(map(len, series))
        keep = sorted({*range(0, length, ceil(length / MOST_POINTS)), length - 1})
        seeds = [[(i + 1.0, values[i]) for i in keep] for values in series]
        mean = [(i + 1.0, fmean([values[i] for values in series])) for i in keep]
        found.append(Course(name, f"arm-{name}", mean, seeds))
    return found


def measured(curves: Mapping[str, Sequence[Point]]) -> list[Course]:
    """Return the curves of a claim: means over the seeds, each seed thin."""
    found = []
    for k, (name, points) in enumerate(curves.items()):
        held = sorted((point for point in points if point.y), key=lambda point: point.x)
        if held:
            seeds = [[(p.x, p.y[i]) for p in held if i < len(p.y)] for i in range(max(len(p.y) for p in held))]
            found.append(Course(name, f"line-{k % 5}", [(p.x, fmean(p.y)) for p in held], seeds))
    return found


def lines(courses: Sequence[Course], label: str) -> Markup:
    """Return courses as one plot; a course of a single point is a dot."""
    everything = [point for course in courses for one in (course.points, *course.seeds) for point in one]
    if not everything:
        return Markup("")
    xs, ys = sorted({x for x, _ in everything}), [y for _, y in everything]
    whole = all(x == round(x) for x in xs)
    across, up = around(xs[0], xs[-1], 0.0), around(min(ys), max(ys), 0.04)
    body = [_line(one, "thin", course.kind, across, up) for course in courses for one in course.seeds]
    body += [_line(course.points, "mean", course.kind, across, up) for course in courses]
    y = "".join(
        f'<text class="tick" x="9%" y="{_y(v, up)}" text-anchor="end">{v:g}</text>'
        f'<line class="grid" x1="10%" x2="99%" y1="{_y(v, up)}" y2="{_y(v, up)}"/>'
        for v in map(_tidy, ticks(up.low, up.high))
    )
    x = "".join(
        f'<text class="tick" x="{10 + 0.89 * float(across.at(v)[:-1]):.2f}%" y="97%" text-anchor="middle">{v:g}</text>'
        for v in map(_tidy, ticks(across.low, across.high, 8))
        if not whole or v == round(v)
    )
    place = 'x="10%" y="3%" width="89%" height="87%" viewBox="0 0 1000 1000" preserveAspectRatio="none"'
    inner = f"<svg {place}>{''.join(body)}</svg>"
    return Markup(f'<svg class="plot" role="img" aria-label="{escape(label)}">{y}{x}{inner}</svg>')


def _tidy(value: float) -> float:
    return float(f"{value:.6g}")


def around(low: float, high: float, room: float) -> Scale:
    """Return a scale with some room on either side; it is wide enough to be divided by, whatever the numbers."""
    least = max(1.0, 1e-9 * max(abs(low), abs(high)))
    if high - low > 1e-9 * least:
        return Scale(low - room * (high - low), high + room * (high - low))
    return Scale(low - (0.5 + room) * least, high + (0.5 + room) * least)


def _y(value: float, up: Scale) -> str:
    return f"{3 + 87 * (up.high - value) / (up.high - up.low):.2f}%"


def _line(points: Sequence[tuple[float, float]], weight: str, kind: str, across: Scale, up: Scale) -> str:
    wide, tall = 1000 / (across.high - across.low), 1000 / (up.high - up.low)
    places = " ".join([f"{(x - across.low) * wide:.0f},{(up.high - y) * tall:.0f}" for x, y in points])
    if len(points) == 1:
        x, y = places.split(",")
        places = f"{x},{y} {int(x) + 1},{y}"
    return f'<polyline class="{weight} {escape(kind)}" points="{places}"/>'

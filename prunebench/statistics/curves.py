"""Curve against curve, as in Figs 3, 5 and 6: accuracy over the number of parameters, FLOPs, or epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias

from prunebench.statistics.pairs import amount, at_least, greater, shown
from prunebench.statistics.samples import Sample, sample
from prunebench.statistics.verdict import Question, State, Verdict


class CurvePoint(Protocol):
    """What a point of a curve must have."""

    @property
    def x(self) -> float:
        """Its place on the x-axis."""

    @property
    def y(self) -> Sequence[float]:
        """The y-values over the seeds."""


Points: TypeAlias = Mapping[float, Sequence[float]] | Sequence[CurvePoint]
"""A curve: the y-values over the seeds, all points in the same order of seeds, at each x above 0."""

Names = tuple[str, str]


def curve_at_least(
    a: Points,
    b: Points,
    margin: float,
    confidence: float | None = None,
    names: Names = ("A", "B"),
    resolution: float = 0.0,
    axis: str = "parameters",
) -> Verdict:
    """Test "curve A is at least curve B, up to `margin`, on the mean over the x-range that both have".

    Between its points a curve is linear in log x. Each seed of a curve gives one number, the mean height of its curve
    over the shared range of log x; these are compared by Welch's test. (Points of one seed share its trunk, so that
    they are no independent observations; the mean over seeds is the same as that of the curve through the means.)

    Args:
        a: the curve that the relation speaks of.
        b: the curve it is compared with; its x-values may be others.
        margin: points.
        confidence: of each bound.
        names: of the curves.
        resolution: the smallest step of a y-value.
        axis: what x is.

    Raises:
        ValueError: an x is not above 0.
    """
    question = _question("at least", margin, confidence, names, axis)
    both = _heights(a, b, resolution)
    if both is None:
        return _apart(a, b, question)
    return _over(at_least(*both, margin, confidence, names), question)


def curve_greater(
    a: Points,
    b: Points,
    confidence: float | None = None,
    names: Names = ("A", "B"),
    resolution: float = 0.0,
    axis: str = "parameters",
    least: float = 0.0,
) -> Verdict:
    """Test "curve A is above curve B (by more than `least`) on the mean over the x-range that both have".

    Where that is, `curve_at_least` says.
    """
    question = _question("greater than", -least, confidence, (names[0], names[1] + amount(least)), axis)
    both = _heights(a, b, resolution)
    return _apart(a, b, question) if both is None else _over(greater(*both, confidence, names, least=least), question)


def curve_efficiency(
    a: Points,
    b: Points,
    factor: float,
    margin: float,
    confidence: float | None = None,
    names: Names = ("A", "B"),
    resolution: float = 0.0,
    axis: str = "parameters",
) -> Verdict:
    """Test "A needs `factor` times less of x for the accuracy of B, and B itself could not do so" (C15).

    Two tests, both of which must hold (intersection-union): curve A at x / `factor` is at least curve B at x, by
    `curve_at_least`; and B at x / `factor` loses more than `margin`, seed by seed. Without the second a flat curve
    would pass for being frugal, even compared with itself. Where B's own x span less than `factor`, its loss from the
    largest to the smallest is taken, which is no more. REFUTED if the first is. The verdict's numbers are the first's.
    """
    shifted = {x * factor: y for x, y in mapping(a).items()}
    thinner = (f"{names[0]} with {factor:g} times fewer {axis}", names[1])
    reaches = curve_at_least(shifted, b, margin, confidence, thinner, resolution, axis)
    loses = _loss(mapping(b), factor, margin, confidence, names[1], resolution)
    if loses is None or reaches.p is None:
        return reaches
    state: State = "INCONCLUSIVE" if reaches.state == "SUPPORTED" != loses.state else reaches.state
    reason = f"{reaches.reason} Of {names[1]} itself, as far as its {axis} go: {loses.reason}"
    return replace(reaches, state=state, p=max(reaches.p, shown(loses.p)), power=None, reason=reason)


def _loss(
    curve: Mapping[float, Sequence[float]],
    factor: float,
    margin: float,
    confidence: float | None,
    name: str,
    resolution: float,
) -> Verdict | None:
    """Test "with `factor` times less of x a curve loses more than `margin`", None where there is no curve."""
    if not curve:
        return None
    less = min(factor, max(curve) / min(curve) * (1 - 1e-9))  # not to miss the last point by rounding
    both = _heights(curve, {x * less: y for x, y in curve.items()}, resolution)
    names = (name, f"with {less:.3g} times fewer")
    return None if both is None else greater(*both, confidence, names, least=margin, paired=True)


def _question(words: str, margin: float, confidence: float | None, names: Names, axis: str) -> Question:
    relation = f"{names[0]} {words} {names[1]} over the {axis} that both have"
    return Question(relation, f"{names[0]} - {names[1]}", margin, confidence)


def _over(verdict: Verdict, question: Question) -> Verdict:
    return replace(verdict, relation=question.relation)


def _apart(a: Points, b: Points, question: Question) -> Verdict:
    spans = [f"{min(c):.3g} to {max(c):.3g}" if c else "no x" for c in (mapping(a), mapping(b))]
    seeds = [min((len(y) for y in mapping(c).values()), default=0) for c in (a, b)]
    return question.open(0.0, (seeds[0], seeds[1]), f"The curves share no x: one has {spans[0]}, the other {spans[1]}.")


def mapping(points: Points) -> dict[float, Sequence[float]]:
    """Return the y-values by x.

    Raises:
        ValueError: an x is not above 0.
    """
    found: dict[float, Sequence[float]] = {}
    found.update(points if isinstance(points, Mapping) else {point.x: point.y for point in points})
    if any(x <= 0 for x in found):
        raise ValueError(f"a curve has a point at x = {min(found):g}; its logarithm is taken, so give x above 0")
    return found


def _heights(a: Points, b: Points, resolution: float) -> tuple[Sample, Sample] | None:
    """Return the seeds' mean heights over the shared range, None if there is none."""
    curves = [mapping(a), mapping(b)]
    if not all(curves):
        return None
    low, high = max(min(c) for c in curves), min(max(c) for c in curves)
    if low > high:
        return None
    first, second = (_height(curve, math.log(low), math.log(high), resolution) for curve in curves)
    return first, second


def _height(curve: Mapping[float, Sequence[float]], low: float, high: float, resolution: float) -> Sample:
    """Return the mean over log x from `low` to `high` of each seed that every point has."""
    shares = dict(zip(sorted(curve), mean_weights([math.log(x) for x in sorted(curve)], low, high), strict=True))
    seeds = min(len(y) for y in curve.values())
    heights = [math.fsum(share * curve[x][seed] for x, share in shares.items()) for seed in range(seeds)]
    return sample(heights, resolution * math.hypot(*shares.values()))


def mean_weights(knots: Sequence[float], low: float, high: float) -> list[float]:
    """Return the weight of each knot's value in the mean from `low` to `high` of the line through all of them."""
    import numpy as np

    inner = np.array([low, *(k for k in knots if low < k < high), high])
    values = np.array([np.interp(inner, knots, unit) for unit in np.eye(len(knots))])
    if low == high:
        return list(map(float, values[:, 0]))
    return [float(area) / (high - low) for area in np.trapezoid(values, inner)]

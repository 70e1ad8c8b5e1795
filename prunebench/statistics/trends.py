"""How a number changes along an axis: the slope of each seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from prunebench.statistics.curves import Points, mapping
from prunebench.statistics.pairs import above
from prunebench.statistics.samples import sample
from prunebench.statistics.verdict import Question, State, Verdict
from prunebench.statistics.welch import Contrast

_MIRRORED: Mapping[State, State] = {"SUPPORTED": "REFUTED", "REFUTED": "SUPPORTED", "INCONCLUSIVE": "INCONCLUSIVE"}


def slope_below(
    points: Points,
    bound: float = 0.0,
    confidence: float | None = None,
    name: str = "gap",
    axis: str = "epochs",
    unit: str = "points",
) -> Verdict:
    """Test "`name` falls along `axis`": the slope per doubling of x lies below `bound` (F07: a gap falls with epochs).

    Each seed has its own slope, by ordinary least squares on log2 x, and the slopes are judged by a t test over the
    seeds. So the noise may be another at each x, a seed's values may hang together, and what a straight line cannot
    follow is no noise. SUPPORTED if the slope's upper bound lies below `bound`, REFUTED if its lower bound lies above
    it. The verdict's numbers are the y-values by x.

    Args:
        points: y-values over the seeds at each x above 0, all points in the same order of seeds; seeds that a point
            lacks at its end are left out.
        bound: per doubling of x.
        confidence: of each bound of the slope.
        name: what y is.
        axis: what x is.
        unit: of y.
    """
    curve = mapping(points)
    verdict = _slope(curve, bound, confidence, (name, axis, unit))
    return replace(verdict, numbers={f"{at:g}": [values] for at, values in curve.items()})


def _slope(
    curve: Mapping[float, Sequence[float]], bound: float, confidence: float | None, said: tuple[str, str, str]
) -> Verdict:
    import numpy as np

    name, axis, unit = said
    relation = f"slope of {name} over doublings of {axis} below {bound:g}"
    question = Question(relation, f"the slope of {name}", bound, confidence, f"{unit} per doubling")
    seeds = min((len(values) for values in curve.values()), default=0)
    if len(curve) < 2 or seeds < 2:
        said_of = f"A slope needs two {axis} with two seeds each; here are {len(curve)} with {seeds} or more."
        return question.open(0.0, (seeds, len(curve)), said_of)
    x = np.log2(list(curve))
    centred = x - x.mean()
    values = np.array([of[:seeds] for of in curve.values()])
    slopes = sample((centred @ values / (centred @ centred)).tolist())
    rises = above(Contrast([(1.0, slopes)], (seeds, len(curve))), question, bound)
    return replace(rises, state=_MIRRORED[rises.state], p=rises.p_refuted, p_refuted=rises.p, power=None)

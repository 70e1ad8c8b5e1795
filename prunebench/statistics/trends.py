"""How a number changes along an axis: a regression's slope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from prunebench.statistics.curves import Points, mapping
from prunebench.statistics.verdict import Question, State, Verdict


def slope_below(
    points: Points,
    bound: float = 0.0,
    confidence: float | None = None,
    name: str = "gap",
    axis: str = "epochs",
    unit: str = "points",
) -> Verdict:
    """Test "`name` falls along `axis`": the slope per doubling of x lies below `bound` (F07: a gap falls with epochs).

    Ordinary least squares of all y-values on log2 x, with the t interval of its slope; what a straight line cannot
    follow widens the interval. SUPPORTED if the slope's upper bound lies below `bound`, REFUTED if its lower bound lies
    above it. The verdict's numbers are the y-values by x.

    Args:
        points: y-values over the seeds at each x above 0.
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
    from scipy.special import stdtr, stdtrit

    name, axis, unit = said
    x = np.log2([at for at, values in curve.items() for _ in values])
    y = np.array([value for values in curve.values() for value in values])
    known = sum(bool(values) for values in curve.values())
    relation = f"slope of {name} over doublings of {axis} below {bound:g}"
    question = Question(relation, f"the slope of {name}", bound, confidence, f"{unit} per doubling")
    if known < 2 or len(x) < 3:
        return question.open(0.0, (len(x), known), f"A slope needs three values at two {axis} or more.")
    centred, df = x - x.mean(), len(x) - 2
    slope = centred @ y / (centred @ centred)
    rest = y - y.mean() - slope * centred
    se = max(float(np.sqrt(rest @ rest / df / (centred @ centred))), 1e-9)
    reach = stdtrit(df, question.level) * se
    state: State = "SUPPORTED" if slope + reach < bound else "REFUTED" if slope - reach > bound else "INCONCLUSIVE"
    p = float(stdtr(df, (slope - bound) / se))
    return question.answer(state, (slope, slope - reach, slope + reach), p, (len(x), known), bar=f"{bound:g}")

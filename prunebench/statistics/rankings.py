"""Rankings of methods: Kendall's tau between the orders that two measures put them in (S03)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from prunebench.statistics.verdict import Question, State, Verdict

DRAWS = 4000

Scores = Mapping[str, Sequence[float]]
"""By method, its values over the seeds."""


def tau_greater(
    x: Scores,
    y: Scores,
    against: Scores | None = None,
    confidence: float | None = None,
    names: tuple[str, str, str] = ("X", "Y", "Z"),
) -> Verdict:
    """Test "tau(x, y) is greater than 0", or "greater than tau(x, against)".

    tau is Kendall's, between the rankings of the methods by their means over seeds. Its interval is a parametric
    bootstrap over seeds, always of the same draws: a method's true means are taken as its means plus multivariate t
    noise with the covariance that its seeds show, so that measures of the same seeds move together. (To resample three
    seeds would show two thirds of their variance, and only ten different means.) It speaks of these methods, not of a
    population of methods. Noise draws a tau toward 0, so that the test is on the safe side (simulated for eight methods
    of three seeds whose two true taus are equal: at most 2 % false verdicts where 5 % are allowed). The verdict's
    numbers are, by the name of a measure, each method's values over the seeds.

    Args:
        x: one measure, such as accuracy after fine-tuning.
        y: another, such as accuracy of Scratch-B.
        against: a third, such as the weight value; a method's seeds have the same order in all of them.
        confidence: of each bound, which are quantiles of the draws.
        names: of the measures.

    Raises:
        ValueError: a method has more seeds in one measure than in another.
    """
    measures = [x, y] if against is None else [x, y, against]
    methods = [method for method in x if all(method in scores for scores in measures)]
    tau, other = f"tau({names[0]}, {names[1]})", f"tau({names[0]}, {names[2]})"
    relation, subject = (
        (f"{tau} greater than {other}", f"{tau} - {other}") if against else (f"{tau} greater than 0", tau)
    )
    question = Question(relation, subject, 0.0, confidence, "tau")
    fewest = min((len(x[method]) for method in methods), default=0)
    if len(methods) < 3 or fewest < 2:
        said = f"A ranking needs three methods of two seeds; here are {len(methods)} with at least {fewest}."
        return question.open(0.0, (fewest, len(methods)), said)
    verdict = _judge([_values(method, measures) for method in methods], question, fewest)
    given = {name: [list(scores[method]) for method in methods] for name, scores in zip(names, measures, strict=False)}
    return replace(verdict, numbers=given)


def _judge(methods: Sequence[Any], question: Question, fewest: int) -> Verdict:
    import numpy as np

    rng = np.random.default_rng(0)
    drawn = np.stack([_draw(values, rng) for values in methods])  # methods x draws x measures
    seen = float(_statistic(np.stack([values.mean(axis=0)[None] for values in methods]))[0])
    taus = _statistic(drawn)
    drawn_lower, drawn_upper = np.quantile(taus, [1 - question.level, question.level])
    lower, upper = (
        min(drawn_lower, seen),
        max(drawn_upper, seen),
    )  # noise can draw every tau to one side of what is seen
    state: State = "SUPPORTED" if lower > 0 else "REFUTED" if upper < 0 else "INCONCLUSIVE"
    return question.answer(state, (seen, lower, upper), float((taus <= 0).mean()), (fewest, len(methods)), bar="0")


def _values(method: str, measures: Sequence[Scores]) -> Any:
    import numpy as np

    counts = [len(scores[method]) for scores in measures]
    if len(set(counts)) > 1:
        raise ValueError(f"{method} has {counts} seeds in the measures compared; give the same seeds in each")
    return np.array([scores[method] for scores in measures]).T


def _draw(values: Any, rng: Any) -> Any:
    """Return means that may be the true ones of a method (seeds x measures): draws x measures."""
    n = len(values)
    noise = rng.standard_normal((DRAWS, n)) @ (values - values.mean(axis=0)) / (n * (n - 1)) ** 0.5
    return values.mean(axis=0) + noise / (rng.chisquare(n - 1, (DRAWS, 1)) / (n - 1)) ** 0.5


def _statistic(means: Any) -> Any:
    """Return tau(x, y), less tau(x, against) where there is one, of means: methods x draws x measures -> draws."""
    import numpy as np

    first, second = np.triu_indices(len(means), 1)
    signs = np.sign(means[first] - means[second])  # pairs x draws x measures
    taus = (signs[..., :1] * signs[..., 1:]).mean(axis=0)
    return taus[:, 0] - (taus[:, 1] if taus.shape[1] > 1 else 0)

"""Rankings of methods: whether the orders that two measures put them in go together (S03)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from prunebench.statistics.verdict import Question, State, Verdict

DRAWS = 4000

FEWEST = 5
"""Methods; of fewer no order is rare enough."""

Scores = Mapping[str, Sequence[float]]
"""By method, its values over the seeds."""


def tau_greater(x: Scores, y: Scores, confidence: float | None = None, names: tuple[str, str] = ("X", "Y")) -> Verdict:
    """Test "tau(x, y) is greater than 0": the two measures put the methods in the same order rather than not.

    tau is Kendall's. What x and y measure of a seed shares that seed's dense network and plan, so that luck alone puts
    methods in the same order in both, even where all are equally good. So x is taken of one half of the seeds and y of
    the other, and the other way round; each way has a permutation test, exact if the measures have nothing to do with
    each other, and the smaller of both p-values counts twice. tau is the mean of both ways, and its bounds lie as far
    away as chance reaches. Methods of one and the same plan are one method; the caller merges them. Two quantities that
    share a term, such as an accuracy and its excess over another one, go together by arithmetic: they are no x and y.

    The verdict's numbers are, by the name of a measure, each method's values over the seeds.

    Args:
        x: one measure, such as accuracy after fine-tuning.
        y: another, such as accuracy of Scratch-B; a method's seeds have the same order in both.
        confidence: of each bound.
        names: of the measures.

    Raises:
        ValueError: a method has more seeds in one measure than in the other.
    """
    methods = [method for method in x if method in y]
    tau = f"tau({names[0]}, {names[1]})"
    question = Question(f"{tau} greater than 0", tau, 0.0, confidence, "tau")
    for method in methods:
        if len(x[method]) != len(y[method]):
            counts = [len(x[method]), len(y[method])]
            raise ValueError(f"{method} has {counts} seeds in the measures compared; give the same seeds in each")
    fewest = min((len(x[method]) for method in methods), default=0)
    if len(methods) < FEWEST or fewest < 2:
        said = f"A ranking needs {FEWEST} methods of two seeds; here are {len(methods)} with at least {fewest}."
        return question.open(0.0, (fewest, len(methods)), said)
    ways = [_way([x[m][i::2] for m in methods], [y[m][1 - i :: 2] for m in methods]) for i in (0, 1)]
    given = {name: [list(of[method]) for method in methods] for name, of in zip(names, (x, y), strict=True)}
    return replace(_judge(ways, question, (fewest, len(methods))), numbers=given)


def _judge(ways: Sequence[tuple[float, Any]], question: Question, n: tuple[int, int]) -> Verdict:
    import numpy as np

    alpha = (1 - question.level) / 2
    seen = sum(tau for tau, _ in ways) / 2
    lower = max(tau - float(np.quantile(chance, 1 - alpha, method="higher")) for tau, chance in ways)
    upper = min(tau + float(np.quantile(-chance, 1 - alpha, method="higher")) for tau, chance in ways)
    p = min(1.0, 2 * min(_p(tau, chance) for tau, chance in ways))
    against = min(1.0, 2 * min(_p(-tau, -chance) for tau, chance in ways))
    state: State = "SUPPORTED" if p <= 2 * alpha else "REFUTED" if against <= 2 * alpha else "INCONCLUSIVE"
    lower = lower if state == "SUPPORTED" else min(lower, 0.0)  # of few methods chance takes few values
    upper = upper if state == "REFUTED" else max(upper, 0.0)
    bounds = seen, max(-1.0, min(lower, seen)), min(1.0, max(upper, seen))
    return question.answer(state, bounds, p, n, bar="0", against=against)


def _p(tau: float, chance: Any) -> float:
    return float((1 + (chance >= tau - 1e-9).sum()) / (1 + len(chance)))


def _way(x: Sequence[Sequence[float]], y: Sequence[Sequence[float]]) -> tuple[float, Any]:
    """Return tau between the methods' means, and what it is with the methods of y exchanged at random."""
    import numpy as np

    first, second = (np.array([np.mean(values) for values in of]) for of in (x, y))
    rng = np.random.default_rng(0)
    orders = np.array([rng.permutation(len(second)) for _ in range(DRAWS)])
    i, j = np.triu_indices(len(first), 1)
    signs = np.sign(first[i] - first[j])
    exchanged = np.sign(second[orders][:, i] - second[orders][:, j])
    return float((signs * np.sign(second[i] - second[j])).mean()), (exchanged * signs).mean(axis=1)

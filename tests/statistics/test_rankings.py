from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from prunebench.statistics import slope_below, tau_greater

NAMES = ("finetune", "scratch_b", "weight value")


def scores(means, std, rng, seeds=3):
    return {f"m{i}": rng.normal(mean, std, seeds).tolist() for i, mean in enumerate(means)}


def test_tau_is_scipys():
    rng = np.random.default_rng(0)
    x, y = scores(rng.normal(0, 1, 9), 0.1, rng), scores(rng.normal(0, 1, 9), 0.1, rng)
    expected = stats.kendalltau(*[[np.mean(v) for v in s.values()] for s in (x, y)]).statistic
    assert tau_greater(x, y).difference == pytest.approx(expected)


def test_the_order_of_architectures_against_that_of_weights():
    rng = np.random.default_rng(1)
    architecture = np.linspace(90, 94, 9)
    x, y = scores(architecture, 0.1, rng), scores(architecture, 0.1, rng)
    value = {m: [a - b for a, b in zip(x[m], y[m], strict=True)] for m in x}
    verdict = tau_greater(x, y, names=NAMES)
    assert (verdict.state, verdict.unit, verdict.n) == ("SUPPORTED", "tau", (3, 9))
    assert verdict.relation == "tau(finetune, scratch_b) greater than 0"
    against = tau_greater(x, y, value, names=NAMES)
    assert against.state == "SUPPORTED"
    assert against.relation == "tau(finetune, scratch_b) greater than tau(finetune, weight value)"
    assert tau_greater(x, value, y).state == "REFUTED"
    assert tau_greater(x, {m: [-v for v in values] for m, values in y.items()}).state == "REFUTED"


def test_noise_leaves_it_open_and_the_draws_are_always_the_same():
    rng = np.random.default_rng(2)
    x, y = scores([93.0] * 6, 0.5, rng), scores([93.0] * 6, 0.5, rng)
    assert tau_greater(x, y).state == "INCONCLUSIVE"
    assert tau_greater(x, y) == tau_greater(x, y)


def test_too_few_methods_or_seeds_are_inconclusive():
    x = {"a": [1.0, 2.0], "b": [2.0, 3.0]}
    assert tau_greater(x, x).reason == "A ranking needs three methods of two seeds; here are 2 with at least 2."
    assert tau_greater({m: [1.0] for m in "abc"}, {m: [1.0] for m in "abc"}).state == "INCONCLUSIVE"
    with pytest.raises(ValueError, match=r"a has \[2, 3\] seeds"):
        tau_greater(x | {"c": [1.0, 1.0]}, {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0], "c": [1.0, 2.0]})


def test_of_methods_whose_true_tau_is_zero_few_are_called_greater():
    rng, runs, found = np.random.default_rng(3), 200, []
    x_means, y_means = np.array([0, 1, 2, 3.0]), np.array([2, 0, 3, 1.0])  # tau is 0
    signs = [np.sign((x_means[i] - x_means[j]) * (y_means[i] - y_means[j])) for i, j in combinations(range(4), 2)]
    assert sum(signs) == 0
    for _ in range(runs):
        found.append(tau_greater(scores(x_means, 0.8, rng), scores(y_means, 0.8, rng)).state)
    for state in ("SUPPORTED", "REFUTED"):
        assert stats.binomtest(found.count(state), runs, 0.05, "greater").pvalue > 0.001


def test_of_two_true_taus_that_are_equal_few_are_called_unequal():
    rng, runs, found = np.random.default_rng(4), 100, []

    def tau(a, b):
        return stats.kendalltau(a, b).statistic

    while len(found) < runs:
        architecture, value = rng.normal(0, 1, 6), rng.normal(0, 0.5, 6)
        if abs(tau(architecture + value, architecture) - tau(architecture + value, value)) > 1e-9:
            continue
        x, y = scores(architecture + value, 0.3, rng), scores(architecture, 0.3, rng)
        found.append(tau_greater(x, y, {m: [a - b for a, b in zip(x[m], y[m], strict=True)] for m in x}).state)
    for state in ("SUPPORTED", "REFUTED"):
        assert stats.binomtest(found.count(state), runs, 0.05, "greater").pvalue > 0.01


def test_a_slope_is_scipys_regression_on_doublings():
    points = {10: [3.0, 3.4, 2.9], 20: [2.1, 2.4, 2.2], 40: [1.2, 1.0], 80: [0.3, 0.1, 0.5]}
    x = [np.log2(at) for at, values in points.items() for _ in values]
    y = [value for values in points.values() for value in values]
    expected = stats.linregress(x, y, alternative="less")
    verdict = slope_below(points, name="gap")
    assert (verdict.difference, verdict.p) == pytest.approx((expected.slope, expected.pvalue))
    assert verdict.upper - verdict.difference == pytest.approx(stats.t.ppf(0.95, len(x) - 2) * expected.stderr)
    assert (verdict.state, verdict.unit) == ("SUPPORTED", "points per doubling")
    assert slope_below({80 / at: values for at, values in points.items()}).state == "REFUTED"
    assert slope_below({10: [1.0, 2.0, 3.0]}).state == slope_below({}).state == "INCONCLUSIVE"


def test_a_flat_line_is_seldom_said_to_fall():
    rng, runs = np.random.default_rng(4), 1000
    found = [slope_below({x: rng.normal(0, 1, 3).tolist() for x in (10, 20, 40)}).state for _ in range(runs)]
    for state in ("SUPPORTED", "REFUTED"):
        assert 20 < found.count(state) < 75

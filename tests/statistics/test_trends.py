import numpy as np
import pytest
from scipy import stats

from prunebench.records.parts import Point
from prunebench.statistics import slope_below, welch

FALLING = {10: [3.0, 3.4, 2.9], 20: [2.1, 2.4, 2.2], 40: [1.2, 1.0, 1.1], 80: [0.3, 0.1, 0.5]}


def test_each_seed_has_scipys_slope_on_doublings_and_these_have_scipys_t_test(monkeypatch):
    monkeypatch.setattr(welch, "SKEWNESS", 0.0)
    slopes = [stats.linregress(np.log2(list(FALLING)), [y[seed] for y in FALLING.values()]).slope for seed in range(3)]
    verdict = slope_below(FALLING, name="gap")
    assert verdict.difference == pytest.approx(np.mean(slopes))
    assert verdict.p == pytest.approx(stats.ttest_1samp(slopes, 0, alternative="less").pvalue)
    assert (verdict.state, verdict.unit, verdict.n) == ("SUPPORTED", "points per doubling", (3, 4))
    assert verdict.relation == "slope of gap over doublings of epochs below 0"


def test_the_bound_decides_and_points_are_a_curve_too():
    rising = {80 / at: values for at, values in FALLING.items()}
    assert [slope_below(line).state for line in (FALLING, rising)] == ["SUPPORTED", "REFUTED"]
    assert slope_below(FALLING, bound=-2.0).state == "REFUTED"
    assert slope_below([Point(x=x, y=y) for x, y in FALLING.items()]) == slope_below(FALLING)


def test_seeds_that_a_point_lacks_are_left_out():
    part = {**FALLING, 40: [1.2, 1.0]}
    assert slope_below(part).n == (2, 4)
    assert slope_below(part).difference == slope_below({x: y[:2] for x, y in FALLING.items()}).difference
    assert slope_below({10: [1.0, 2.0, 3.0]}).state == slope_below({}).state == "INCONCLUSIVE"
    assert slope_below({10: [1.0], 20: [2.0]}).reason.startswith("A slope needs two epochs with two seeds each")

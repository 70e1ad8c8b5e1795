import numpy as np
import pytest

from prunebench.records.parts import Point
from prunebench.statistics import curve_at_least, curve_efficiency, curve_greater, greater, sample
from prunebench.statistics.curves import mean_weights

RNG = np.random.default_rng(0)


def curve(xs, height=lambda x: 90 + 2 * np.log10(x), std=0.1, seeds=4, rng=RNG):
    return {x: (height(x) + rng.normal(0, std, seeds)).tolist() for x in xs}


def test_weights_are_those_of_the_integral_of_the_line():
    knots, heights = [0.0, 1.0, 3.0, 4.0], np.array([5.0, 7.0, 2.0, 3.0])
    fine = np.linspace(0.5, 3.5, 300_001)
    weights = mean_weights(knots, 0.5, 3.5)
    assert heights @ weights == pytest.approx(np.interp(fine, knots, heights).mean(), abs=1e-4)
    assert sum(weights) == pytest.approx(1)
    assert mean_weights(knots, 1.0, 1.0) == [0, 1, 0, 0]


def test_curves_on_one_line_differ_by_nothing_wherever_their_points_lie():
    a, b = curve([1e4, 3e4, 1e6], std=0), curve([2e4, 5e4, 7e4, 2e6], std=0)
    verdict = curve_at_least(a, b, 0.5, names=("slimming", "uniform"))
    assert verdict.difference == pytest.approx(0, abs=1e-9)
    assert verdict.state == "SUPPORTED"
    assert verdict.relation == "slimming at least uniform over the parameters that both have"


def test_a_shift_is_found_and_a_list_of_points_is_a_curve_too():
    a, b = curve([1e4, 1e5, 1e6], lambda x: 91 + 2 * np.log10(x)), curve([2e4, 2e5, 5e5])
    points = [Point(x=x, y=y) for x, y in a.items()]
    assert curve_greater(points, b) == curve_greater(a, b)
    assert curve_greater(a, b).state == "SUPPORTED"
    assert curve_greater(a, b).difference == pytest.approx(1, abs=0.15)
    assert [curve_at_least(b, a, margin).state for margin in (0.5, 2.0)] == ["REFUTED", "SUPPORTED"]


def test_curves_of_one_common_point_are_two_samples():
    a, b = {1e4: [91.0, 91.2, 91.3]}, {1e4: [90.0, 90.5, 90.1], 1e5: [92.0, 92.1, 92.4]}
    one, other = curve_greater(a, b), greater(sample(a[1e4]), sample(b[1e4]))
    assert (one.lower, one.upper, one.p) == pytest.approx((other.lower, other.upper, other.p))


def test_without_a_common_x_nothing_is_said():
    verdict = curve_at_least(curve([1e3, 2e3]), curve([1e4, 2e4]), 1.0)
    assert verdict.state == "INCONCLUSIVE"
    assert verdict.reason == "The curves share no x: one has 1e+03 to 2e+03, the other 1e+04 to 2e+04."
    assert curve_at_least({}, curve([1e4]), 1.0).state == "INCONCLUSIVE"
    assert curve_at_least({1e4: [90.0]}, {1e4: [90.0]}, 1.0).state == "INCONCLUSIVE"
    with pytest.raises(ValueError, match="x = 0; its logarithm is taken"):
        curve_at_least({0.0: [90.0, 91.0]}, curve([1e4]), 1.0)


def test_five_times_fewer_parameters():
    frugal = curve([1e4, 1e5, 1e6], lambda x: 90 + 2 * np.log10(5 * x))
    plain = curve([1e4, 1e5, 1e6, 1e7])
    verdict = curve_efficiency(frugal, plain, 5, 0.5, names=("slimming", "uniform"))
    assert verdict.difference == pytest.approx(0, abs=0.15)
    assert verdict.state == "SUPPORTED"
    assert verdict.relation.startswith("slimming with 5 times fewer parameters at least uniform over")
    assert curve_efficiency(frugal, plain, 20, 0.5).state == "REFUTED"


def test_a_flat_curve_is_not_frugal_though_it_needs_no_parameters():
    """It reaches with a fifth of them what it has with all, as any curve would here; so the sentence says nothing."""
    flat, other = (curve([1e4, 1e5, 1e6, 1e7], lambda x: 90.0) for _ in range(2))
    verdict = curve_efficiency(flat, other, 5, 0.5, names=("slimming", "uniform"))
    assert verdict.state == "INCONCLUSIVE"
    assert "Of uniform itself, as far as its parameters go: uniform - with 5 times fewer is" in verdict.reason
    short = {x: other[x] for x in (1e4,)}
    assert curve_efficiency(flat, short, 5, 0.5).state == "INCONCLUSIVE"


def test_of_a_curve_that_spans_less_than_the_factor_the_ends_are_compared():
    frugal, plain = curve([1e4, 1e5, 1e6], lambda x: 90 + 2 * np.log10(5 * x)), curve([5e5, 1e6, 2e6])
    verdict = curve_efficiency(frugal, plain, 5, 0.5)
    assert verdict.state == "SUPPORTED"
    assert "with 4 times fewer is +1.1" in verdict.reason


def test_the_error_is_that_of_a_bootstrap_over_seeds():
    rng = np.random.default_rng(1)
    a, b = curve([1e4, 7e4, 1e6], std=0.3, seeds=30, rng=rng), curve([3e4, 2e5, 2e6], std=0.5, seeds=30, rng=rng)
    seen = curve_greater(a, b)

    def resampled(c):
        chosen = rng.integers(0, 30, 30)
        return {x: np.array(y)[chosen].tolist() for x, y in c.items()}

    drawn = [curve_greater(resampled(a), resampled(b)).difference for _ in range(400)]
    lower, upper = np.quantile(drawn, [0.05, 0.95])
    assert seen.upper - seen.lower == pytest.approx(upper - lower, rel=0.2)
    assert seen.difference == pytest.approx(np.mean(drawn), abs=0.05)

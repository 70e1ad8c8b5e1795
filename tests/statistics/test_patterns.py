import numpy as np
import pytest

from prunebench.statistics import consistent, even, uneven


def patterns(rng, std, seeds=3, layers=8, coupled=0.0):
    means = np.linspace(0.2, 0.8, layers)
    noise = rng.normal(0, std, (seeds, layers)) + rng.normal(0, coupled, (seeds, 1))
    return (means + noise).tolist()


def test_the_deviation_is_numpys_and_the_bound_decides():
    found = patterns(np.random.default_rng(0), 0.03, seeds=5)
    verdict = consistent(found, 0.1, name="widths")
    assert verdict.difference == pytest.approx(np.sqrt(np.var(found, axis=0, ddof=1).mean()))
    assert verdict.lower < verdict.difference < verdict.upper
    assert [consistent(found, bound).state for bound in (0.1, 0.01)] == ["SUPPORTED", "REFUTED"]
    assert (verdict.unit, verdict.n) == ("kept share", (5, 8))
    assert "mean correlation between two seeds' patterns is 0.9" in verdict.reason


def test_an_even_pattern_that_is_reproduced_is_consistent():
    verdict = consistent([[0.5] * 6] * 3, 0.05)
    assert verdict.state == "SUPPORTED"
    assert "undefined, as a pattern is even" in verdict.reason


def test_the_seeds_proposed_settle_it_if_the_deviation_stays():
    found = patterns(np.random.default_rng(1), 0.05)
    verdict = consistent(found, 0.06)
    assert verdict.state == "INCONCLUSIVE"
    assert 3 < verdict.seeds_needed < 100


def test_one_pattern_or_patterns_of_different_layers_say_nothing():
    assert consistent([[0.5, 0.4]], 0.1).state == consistent([], 0.1).state == "INCONCLUSIVE"
    assert uneven([[0.5, 0.4]], 0.1).state == uneven([], 0.1).state == "INCONCLUSIVE"
    with pytest.raises(ValueError, match=r"patterns of \[1, 2\] layers given"):
        consistent([[0.5], [0.5, 0.4]], 0.1)


def test_even_is_the_opposite_of_uneven():
    far, near = [[0.2, 0.5, 0.9], [0.25, 0.5, 0.85], [0.2, 0.45, 0.9]], [[0.5, 0.52, 0.51], [0.5, 0.53, 0.52]]
    assert [uneven(p, 0.2).state for p in (far, near)] == ["SUPPORTED", "REFUTED"]
    assert [even(p, 0.2).state for p in (far, near)] == ["REFUTED", "SUPPORTED"]
    assert (even(far, 0.2).p, even(far, 0.2).p_refuted) == (uneven(far, 0.2).p_refuted, uneven(far, 0.2).p)
    verdict = uneven(far, 0.2, name="share of weights")
    assert verdict.difference == pytest.approx((0.9 + 0.85 + 0.9) / 3 - (0.2 + 0.25 + 0.2) / 3)
    assert (verdict.margin, verdict.n) == (0.2, (3, 3))
    assert "spread of share of weights is +0.667 kept share" in verdict.reason
    assert verdict.relation == "share of weights over stages spread by more than 0.2"


def test_noise_alone_makes_no_pattern_uneven():
    """Of each seed alone the largest stage lies 0.4 above the smallest, each time others; together they are even."""
    noisy = [[0.7, 0.3, 0.5], [0.5, 0.7, 0.3], [0.3, 0.5, 0.7]]
    assert uneven(noisy, 0.05).difference == pytest.approx(0)
    assert uneven(noisy, 0.05).state == "INCONCLUSIVE"
    assert even([[v / 10 for v in seed] for seed in noisy], 0.25).state == "SUPPORTED"


def test_a_spread_needs_two_stages():
    assert uneven([[0.5], [0.5]], 0.1).reason == "A spread needs two patterns of two stages; here are 2 of 1."

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from prunebench.statistics import (
    Difference,
    Sample,
    any_greater,
    at_confidence,
    at_least,
    equivalent,
    every_equivalent,
    every_greater,
    greater,
    mean_equivalent,
    mean_greater,
    sample,
    welch,
)

OVER_ROWS = (mean_greater, every_greater, any_greater)

samples = st.builds(Sample, mean=st.floats(90, 94), std=st.floats(0.1, 2), n=st.integers(2, 9))


def row(difference, std=0.2, n=3, weight=1):
    return Difference(Sample(93.0 + difference, std, n), Sample(93.0, std, n), weight)


def test_without_the_guard_p_is_the_larger_of_scipys_two_one_sided_tests(monkeypatch):
    monkeypatch.setattr(welch, "SKEWNESS", 0.0)
    a, b = [93.1, 92.8, 93.6, 93.0], [93.4, 93.9, 92.9, 92.5]
    verdict = equivalent(sample(a), sample(b), 1.0)
    above = stats.ttest_ind([v + 1 for v in a], b, equal_var=False, alternative="greater").pvalue
    below = stats.ttest_ind([v - 1 for v in a], b, equal_var=False, alternative="less").pvalue
    assert verdict.p == pytest.approx(max(above, below))
    assert (verdict.lower, verdict.upper) == (
        at_least(sample(a), sample(b), 1).lower,
        greater(sample(a), sample(b)).upper,
    )


@pytest.mark.parametrize(
    ("difference", "state"), [(0.1, "SUPPORTED"), (-2.0, "REFUTED"), (2.0, "REFUTED"), (0.9, "INCONCLUSIVE")]
)
def test_the_interval_decides(difference, state):
    d = row(difference)
    assert equivalent(d.a, d.b, 1.0).state == state
    assert mean_equivalent([d, d], 1.0).state == state
    assert every_equivalent([d, row(0.0)], 1.0).state == state


@given(samples, samples, st.floats(0.1, 3))
def test_it_is_symmetric_and_needs_both_at_leasts(a, b, margin):
    verdict = equivalent(a, b, margin)
    assert verdict.state == equivalent(b, a, margin).state
    both = at_least(a, b, margin).state == at_least(b, a, margin).state == "SUPPORTED"
    assert (verdict.state == "SUPPORTED") == both
    if verdict.state == "REFUTED":
        assert verdict.lower > margin or verdict.upper < -margin


@pytest.mark.parametrize(("difference", "margin"), [(0.3, 1.0), (1.7, 1.0), (-0.5, 1.0)])
def test_the_seeds_proposed_settle_it_and_one_fewer_does_not(difference, margin):
    a, b = Sample(93.0 + difference, 1.0, 3), Sample(93.0, 1.0, 3)
    seeds = equivalent(a, b, margin).seeds_needed
    states = [equivalent(replace(a, n=n), replace(b, n=n), margin).state for n in (seeds - 1, seeds)]
    assert states[0] == "INCONCLUSIVE" != states[1]


def test_power_is_the_rate_of_support_between_equal_arms():
    runs, rng = 1500, np.random.default_rng(4)
    a, b = rng.normal(93.0, 0.5, (runs, 4)).tolist(), rng.normal(93.0, 0.5, (runs, 4)).tolist()
    found = [equivalent(sample(x), sample(y), 1.0).state for x, y in zip(a, b, strict=True)]
    power = equivalent(Sample(93.0, 0.5, 4), Sample(93.0, 0.5, 4), 1.0).power
    assert power == pytest.approx(found.count("SUPPORTED") / runs, abs=0.04)


def test_greater_in_every_row_and_on_their_mean():
    assert every_greater([row(1.0), row(2.0)]).state == "SUPPORTED"
    assert every_greater([row(1.0), row(-2.0)]).state == "REFUTED"
    assert every_greater([row(1.0), row(0.0)]).state == "INCONCLUSIVE"
    assert mean_greater([row(3.0), row(-0.5)]).state == "SUPPORTED"
    assert mean_greater([row(3.0), row(-0.5)]).relation == "A greater than B on the mean of 2 rows"


def test_some_row_is_greater_if_one_is_after_correction():
    names = ("finetune", "scratch_b")
    assert any_greater([row(-1.0), row(1.5)], names=names).state == "SUPPORTED"
    weak = row(0.6)  # alone p is 0.03
    assert greater(weak.a, weak.b).state == any_greater([weak]).state == "SUPPORTED"
    assert any_greater([weak, row(0.9, std=1.0)]).state == "INCONCLUSIVE"
    verdict = any_greater([row(-0.9), row(-1.0)], names=names)
    assert (verdict.state, verdict.difference, verdict.finding) == ("REFUTED", pytest.approx(-0.9), "worse")
    assert verdict.relation == "finetune greater than scratch_b in some of 2 rows"
    assert verdict.reason.startswith("0 of 2 distinct rows alone are SUPPORTED. In the row where finetune does best, ")
    assert any_greater([row(-0.9), row(0.0, n=1)]).state == any_greater([]).state == "INCONCLUSIVE"


def test_a_gain_smaller_than_the_margin_refutes_nothing():
    """That it is small is the finding; the sentence names no size."""
    with at_confidence(0.95, equal=3.0):
        verdicts = [any_greater([row(0.0), row(-1.0)]), every_greater([row(0.1)]), greater(row(0.1).a, row(0.1).b)]
    assert [(v.state, v.finding) for v in verdicts] == [("INCONCLUSIVE", "equal")] * 3


def test_far_above_needs_a_smallest_amount():
    far, near = row(3.0), row(0.9)
    for test in (lambda d: greater(d.a, d.b, least=2.0), *(lambda d, t=t: t([d], least=2.0) for t in OVER_ROWS)):
        assert [test(d).state for d in (far, near, row(2.0))] == ["SUPPORTED", "REFUTED", "INCONCLUSIVE"]
        assert [test(d).finding for d in (far, near, row(-3.0))] == ["better", "better", "worse"]
        assert test(far).relation.startswith("A greater than B + 2")
        assert test(far).margin == -2.0


def test_other_units_are_named_and_shown_at_their_own_size():
    small, large = sample([1.2e-4, 1.3e-4, 1.25e-4]), sample([4.1e-4, 4.3e-4, 4.0e-4])
    verdict = greater(large, small, names=("dense", "finetune"), unit="share")
    assert (verdict.state, verdict.unit) == ("SUPPORTED", "share")
    assert "dense - finetune is +0.000288 share" in verdict.reason
    assert greater(sample([]), small, unit="seconds").upper == 1e12


def test_the_confidence_of_a_look_holds_inside_it_only():
    a, b = Sample(93.5, 0.2, 3), Sample(93.0, 0.2, 3)
    with at_confidence(0.99):
        inside = greater(a, b)
        assert greater(a, b, confidence=0.9).confidence == 0.9
    assert (inside.confidence, inside.state) == (0.99, "INCONCLUSIVE")
    assert (greater(a, b).confidence, greater(a, b).state) == (0.95, "SUPPORTED")

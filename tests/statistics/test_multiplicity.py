import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from prunebench.statistics import holm, q_values


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.sampled_from([0.01, 0.05, 0.2]))
def test_holm_rejects_what_the_step_down_rule_rejects(pvalues, level):
    ordered = sorted(pvalues)
    passed = [p * (len(pvalues) - i) <= level for i, p in enumerate(ordered)]
    rejected = passed.index(False) if False in passed else len(passed)
    adjusted = holm(pvalues)
    assert sum(p <= level for p in adjusted) == rejected
    assert all(p <= q <= min(1, len(pvalues) * p) for p, q in zip(pvalues, adjusted, strict=True))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_a_q_value_is_the_least_rate_at_which_the_step_up_rule_accepts(pvalues):
    ordered, n = sorted(pvalues), len(pvalues)
    steps = [min(p * n / rank for rank, p in enumerate(ordered, 1) if p >= own) for own in pvalues]
    assert q_values(pvalues) == pytest.approx([min(1, q) for q in steps])
    assert all(p <= q + 1e-12 <= h + 2e-12 for p, q, h in zip(pvalues, q_values(pvalues), holm(pvalues), strict=True))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_q_values_are_scipys(pvalues):
    assert q_values(pvalues) == pytest.approx(false_discovery_control(pvalues).tolist())


def test_a_verdict_without_a_p_value_has_no_q_value_and_does_not_count():
    assert q_values([0.01, None, 0.04]) == [0.02, None, 0.04]
    assert q_values([None]) == [None]
    assert q_values([]) == []

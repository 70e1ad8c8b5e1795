"""What a verdict says beside its state: the finding, and the samples that it stands on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunebench.statistics import (
    Difference,
    Sample,
    at_confidence,
    at_least,
    count_at_least,
    equivalent,
    greater,
    sample,
)

LOW = sample([90.0, 90.2, 89.9])


@pytest.mark.parametrize(
    ("a", "finding"), [(92.0, "better"), (88.0, "worse"), (90.03, "equal"), (90.9, "open"), (90.6, "better")]
)
def test_the_interval_gives_the_same_finding_whatever_was_claimed(a, finding):
    high = Sample(a, 1.5 if finding == "open" else 0.1, 3)
    claims = [at_least(high, LOW, 1.0), equivalent(high, LOW, 1.0)]
    with at_confidence(0.95, equal=1.0):
        claims.append(greater(high, LOW))
    assert [claim.finding for claim in claims] == [finding] * 3


def test_without_a_margin_nothing_counts_as_equal():
    assert greater(LOW, LOW).finding == "open"
    with at_confidence(0.95, equal=3.0):
        assert greater(LOW, LOW).finding == "equal"
        assert greater(LOW, LOW, unit="seconds").finding == "open", "the margin is one of accuracy points"
    assert greater(LOW, LOW).finding == "open"


def test_what_compares_no_two_arms_has_no_finding():
    assert count_at_least([Difference(LOW, LOW)], 1).finding is None
    assert at_least(LOW, sample([90.0]), 1.0).finding == "open"


samples = st.builds(Sample, mean=st.floats(80, 100), std=st.floats(0, 3), n=st.integers(2, 9))


@given(samples, samples, st.floats(0.1, 3))
def test_exchanging_the_sides_turns_the_finding_round(a, b, margin):
    turned = {"better": "worse", "worse": "better"}
    one, other = equivalent(a, b, margin).finding, equivalent(b, a, margin).finding
    assert other == turned.get(one, one)


def test_a_sample_knows_its_seeds_and_refuses_what_does_not_fit():
    known = sample([90.0, 91.0], seeds=[0, 2])
    assert known.by_seed == {0: 90.0, 2: 91.0}
    assert known.raised(1.0).by_seed == {0: 91.0, 2: 92.0}
    assert known.raised(1.0).mean == pytest.approx(91.5)
    assert Sample(90.0, 0.1, 3).by_seed == {}
    for seeds in ([0], [0, 0]):
        with pytest.raises(ValueError, match="each value has a seed of its own"):
            sample([90.0, 91.0], seeds=seeds)

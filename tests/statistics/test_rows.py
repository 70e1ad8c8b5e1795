from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq

from prunebench.statistics import (
    WIDEST,
    Difference,
    Sample,
    any_greater,
    at_least,
    count_at_least,
    every_at_least,
    every_greater,
    greater,
    mean_at_least,
    mean_greater,
    sample,
    welch,
)

OURS = sample([93.1, 92.8, 93.6])
THEIRS = sample([93.4, 93.9, 92.9, 93.6, 92.5])

samples = st.builds(
    Sample,
    mean=st.floats(0, 100),
    std=st.floats(0, 5),
    n=st.integers(2, 9),
    resolution=st.sampled_from([0.01, 0.28]),
)
margins = st.floats(0, 5)


def mirror(state):
    return {"SUPPORTED": "REFUTED", "REFUTED": "SUPPORTED"}.get(state, state)


# One row


@pytest.fixture
def unguarded(monkeypatch):
    """Without the guard against skewness the tests are those of the textbooks."""
    monkeypatch.setattr(welch, "SKEWNESS", 0.0)


@pytest.mark.parametrize("margin", [0.0, 0.5, 1.0])
def test_without_the_guard_p_and_bounds_are_those_of_scipys_welch_test(margin, unguarded):
    a, b = [93.1, 92.8, 93.6, 93.0], [93.4, 93.9, 92.9, 92.5]
    verdict = at_least(sample(a), sample(b), margin)
    above = stats.ttest_ind([v + margin for v in a], b, equal_var=False, alternative="greater")
    below = stats.ttest_ind(a, b, equal_var=False, alternative="less")
    assert verdict.p == pytest.approx(above.pvalue, rel=1e-9)
    assert verdict.lower == pytest.approx(above.confidence_interval(0.95).low - margin, rel=1e-9)
    assert verdict.upper == pytest.approx(below.confidence_interval(0.95).high, rel=1e-9)
    assert verdict.difference == pytest.approx(np.mean(a) - np.mean(b))
    assert verdict.n == (4, 4)


@pytest.mark.parametrize("margin", [0.0, 0.5])
def test_without_the_guard_a_pair_is_scipys_paired_test_over_the_seeds_that_both_have(margin, unguarded):
    a, b = sample([93.1, 92.8, 93.6, 99.0], seeds=[0, 1, 2, 7]), sample([92.9, 93.0, 93.1], seeds=[2, 1, 0])
    verdict = at_least(a, b, margin, paired=True)
    expected = stats.ttest_rel([93.1 + margin, 92.8 + margin, 93.6 + margin], [93.1, 93.0, 92.9], alternative="greater")
    assert verdict.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert verdict.lower == pytest.approx(expected.confidence_interval(0.95).low - margin, rel=1e-9)
    assert verdict.sides[0].paired
    few = greater(sample([93.0, 94.0], seeds=[0, 1]), sample([92.0, 91.0], seeds=[1, 2]), paired=True)
    assert few.reason == "A test needs two seeds that all sides have in common; here are 1."
    published = Sample(93.0, 0.2, 3)
    assert greater(published, b, paired=True).p == greater(published, b).p, "without values there are no pairs"


def test_the_guard_widens_bounds_by_what_skewness_adds_to_students_quantile():
    same = sample([93.0, 93.4, 93.8])
    verdict = greater(same, sample([93.0, 93.4, 93.8]))
    q, bend = stats.t.ppf(0.95, 4), welch.SKEWNESS / np.sqrt(2) / np.sqrt(3)
    assert verdict.upper == pytest.approx((q + bend * (1 + 2 * q**2) / 6) * np.sqrt(2 * 0.16 / 3))


@given(st.floats(-30, 30), st.floats(1, 12), st.floats(0, 1))
def test_a_p_value_is_one_less_the_level_whose_bound_touches_the_bar(t, df, bend):
    p = welch.tail(t, df, bend)
    if 1e-6 < p < 0.5:
        assert welch.reach(1 - p, df, bend) == pytest.approx(t, rel=1e-6)
    assert welch.tail(t + 0.1, df, bend) <= p
    assert p + welch.tail(-t, df, bend) >= 1 - 1e-12


def test_published_mean_and_spread_are_a_sample_like_the_values_themselves():
    values = [93.1, 92.8, 93.6]
    published = Sample(float(np.mean(values)), float(np.std(values, ddof=1)), 3)
    assert at_least(sample(values), THEIRS, 1.0).p == pytest.approx(at_least(published, THEIRS, 1.0).p)


@pytest.mark.parametrize(
    ("a", "state"),
    [([95.0, 95.2, 94.8], "SUPPORTED"), ([91.0, 91.2, 90.8], "REFUTED"), ([93.0, 96.0, 94.0], "INCONCLUSIVE")],
)
def test_the_bounds_decide_the_state(a, state):
    verdict = at_least(sample(a), sample([95.1, 94.9, 95.0]), 1.0, names=("scratch_b", "finetune"))
    assert verdict.state == state
    assert verdict.relation == "scratch_b at least finetune"
    assert (verdict.lower > -1.0, verdict.upper < -1.0) == (state == "SUPPORTED", state == "REFUTED")


def test_the_reason_is_a_sentence_with_the_numbers():
    verdict = at_least(sample([93.0, 96.0, 94.0]), sample([95.1, 94.9, 95.0]), 1.0, names=("scratch_b", "finetune"))
    assert verdict.reason == (
        "scratch_b - finetune is -0.67 points, with 95 % confidence each above -4.89 and below +3.56; it is held "
        "against -1, and more seeds may settle it, as `--pb-seeds auto` adds them."
    )


def test_equal_values_do_not_give_an_interval_without_width():
    same = sample([98.61, 98.61, 98.61], resolution=100 / 360)
    verdict = at_least(same, same, 0.3)
    # standard error of two means of 3 whose variance is 0.2778² / 12
    reach = welch.reach(0.95, 4, welch.SKEWNESS / np.sqrt(6))
    assert verdict.upper == pytest.approx(reach * 0.27778 / np.sqrt(12) * np.sqrt(2 / 3), rel=1e-4)
    assert verdict.state == "SUPPORTED"
    assert at_least(same, same, 0.1).state == "INCONCLUSIVE"


def test_greater_is_refuted_only_where_a_is_shown_to_be_below_b():
    high, low = sample([95.0, 95.2, 94.8]), sample([93.0, 93.2, 92.8])
    assert greater(high, low, names=("finetune", "pruned")).relation == "finetune greater than pruned"
    assert [greater(*pair).state for pair in ((high, low), (low, high), (high, high))] == [
        "SUPPORTED",
        "REFUTED",
        "INCONCLUSIVE",
    ]
    assert greater(high, high).seeds_needed is None
    assert greater(high, high).power is None


@pytest.mark.parametrize("few", [[], [93.0]])
def test_fewer_than_two_seeds_are_inconclusive_and_say_so(few):
    for verdict in (at_least(sample(few), OURS, 1.0), greater(OURS, sample(few)), mean_at_least([], 1.0)):
        assert (verdict.state, verdict.p, verdict.power, verdict.seeds_needed) == ("INCONCLUSIVE", None, None, None)
        assert (verdict.lower, verdict.upper) == (-WIDEST, WIDEST)
        assert "two seeds" in verdict.reason
    assert at_least(sample([93.0]), Sample(92.5, 0.1, 3), 1.0).difference == pytest.approx(0.5)


def test_a_confidence_in_percent_is_refused():
    with pytest.raises(ValueError, match=r"confidence 95 given.* such as 0\.95"):
        at_least(OURS, THEIRS, 1.0, confidence=95)


@pytest.mark.parametrize("margin", [0.3, 0.6])
@pytest.mark.parametrize(("a", "b"), [(OURS, THEIRS), (Sample(95.0, 1.5, 3), Sample(95.8, 0.2, 4))])
def test_the_seeds_proposed_settle_it_and_one_fewer_does_not(a, b, margin):
    seeds = at_least(a, b, margin).seeds_needed
    assert seeds > max(a.n, b.n)
    states = [at_least(replace(a, n=n), replace(b, n=n), margin).state for n in (seeds - 1, seeds)]
    assert states[0] == "INCONCLUSIVE" != states[1]


def test_no_number_of_seeds_settles_a_difference_at_the_margin():
    assert at_least(Sample(94.0, 0.5, 3), Sample(95.0, 0.5, 3), 1.0).seeds_needed is None


@given(samples, samples, margins, st.floats(0, 2))
def test_a_wider_margin_never_speaks_against_the_claim(a, b, margin, more):
    order = ["REFUTED", "INCONCLUSIVE", "SUPPORTED"]
    tight, wide = at_least(a, b, margin), at_least(a, b, margin + more)
    assert order.index(wide.state) >= order.index(tight.state)
    assert wide.p <= tight.p
    assert wide.power >= tight.power


@given(samples, samples)
def test_exchanging_the_sides_turns_the_verdict_round(a, b):
    one, other = greater(a, b), greater(b, a)
    assert other.state == mirror(one.state)
    assert (other.difference, other.lower, other.upper) == pytest.approx((-one.difference, -one.upper, -one.lower))
    assert other.p == pytest.approx(one.p_refuted)


@given(samples, samples, margins, st.floats(0.6, 0.99))
def test_state_bounds_and_p_agree(a, b, margin, confidence):
    verdict = at_least(a, b, margin, confidence)
    assert verdict.lower < verdict.difference < verdict.upper
    if abs(verdict.p - (1 - confidence)) > 1e-9:
        assert (verdict.state == "SUPPORTED") == (verdict.p < 1 - confidence)
    if abs(verdict.p_refuted - (1 - confidence)) > 1e-9:
        assert (verdict.state == "REFUTED") == (verdict.p_refuted < 1 - confidence)


# Many rows


def elsewhere(row, level):
    """Return another row in which the arms differ as much, `level` points higher."""
    return replace(row, a=replace(row.a, mean=row.a.mean + level), b=replace(row.b, mean=row.b.mean + level), weight=1)


def seeds(*values, shift=0.0):
    return sample([value + shift for value in values])


def test_the_mean_of_one_row_is_the_row():
    assert replace(mean_at_least([Difference(OURS, THEIRS)], 0.5), relation="") == replace(
        at_least(OURS, THEIRS, 0.5), relation=""
    )


def test_the_mean_over_rows_is_a_test_over_each_seeds_mean(unguarded):
    a, b = [[93.0, 94.0, 92.5], [90.0, 90.5, 91.5]], [[92.0, 93.5, 92.0], [89.0, 88.5, 90.0]]
    rows = [Difference(sample(x), sample(y), weight) for x, y, weight in zip(a, b, (3, 1), strict=True)]
    verdict = mean_greater(rows)
    means = [np.average(side, axis=0, weights=(3, 1)) for side in (a, b)]
    expected = stats.ttest_ind(*means, equal_var=False, alternative="greater")
    assert verdict.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert verdict.n == (6, 6)
    assert "mean of 4 rows" in verdict.relation
    paired = mean_greater([replace(row, paired=True) for row in rows])
    assert paired.p == pytest.approx(stats.ttest_rel(*means, alternative="greater").pvalue, rel=1e-9)


def test_rows_that_move_together_are_no_further_evidence():
    a, b = (93.0, 93.5, 92.2), (92.1, 92.0, 92.9)
    one = Difference(seeds(*a), seeds(*b))
    together = [Difference(seeds(*a, shift=level), seeds(*b, shift=level)) for level in range(4)]
    apart = [Difference(seeds(*np.roll(a, i), shift=i), seeds(*np.roll(b, i), shift=i)) for i in range(3)]
    assert mean_greater(together).lower == pytest.approx(greater(one.a, one.b).lower)
    assert mean_greater(apart).lower > mean_greater(together).lower


def test_a_mean_over_rows_is_over_the_seeds_that_every_row_has():
    whole, part = sample([93.0, 94.0, 99.0], seeds=[0, 1, 2]), sample([93.0, 94.0], seeds=[0, 1])
    low = sample([90.0, 90.5, 91.0], seeds=[0, 1, 2])
    verdict = mean_greater([Difference(whole, low), Difference(part, low)])
    assert verdict.difference == pytest.approx(93.5 - 90.5)
    alone = mean_greater([Difference(whole, low), Difference(sample([93.0, 94.0], seeds=[3, 4]), low)])
    assert alone.state == "INCONCLUSIVE"
    assert alone.reason == "A test needs two seeds that all sides have in common; here are 0."


def test_published_rows_are_taken_as_if_they_went_together():
    """Means and deviations do not tell how rows hang together; each row alone says the same as four like it."""
    one = Difference(Sample(93.0, 0.4, 5), Sample(92.0, 0.2, 5))
    four = [Difference(Sample(93.0 + i, 0.4, 5), Sample(92.0 + i, 0.2, 5)) for i in range(4)]
    error = np.sqrt(0.4**2 / 5 + 0.2**2 / 5)
    verdict = mean_greater(four)
    assert verdict.lower == pytest.approx(1.0 - welch.reach(0.95, 4, welch.SKEWNESS / np.sqrt(5)) * error)
    assert verdict.lower <= mean_greater([one]).lower


def row(difference, std=0.2, n=3, weight=1):
    return Difference(Sample(93.0 + difference, std, n), Sample(93.0, std, n), weight)


def test_every_row_must_be_at_least_as_good_by_itself():
    verdict = every_at_least([row(0.3), row(0.0, weight=2), row(0.1)], 1.0, names=("scratch_b", "finetune"))
    assert (verdict.state, verdict.difference) == ("SUPPORTED", 0.0)
    assert verdict.p == at_least(row(0.0).a, row(0.0).b, 1.0).p
    assert verdict.relation == "scratch_b at least finetune in each of 4 rows"
    assert every_at_least([row(0.3), row(-0.8)], 1.0).state == "INCONCLUSIVE"
    assert every_at_least([row(0.3), row(0.1, n=1)], 1.0).state == "INCONCLUSIVE"
    assert every_at_least([], 1.0).state == "INCONCLUSIVE"


def test_one_row_refutes_all_but_only_after_correction_for_their_number():
    worse = row(-1.6)  # alone p is 0.03
    assert every_at_least([worse], 1.0).state == at_least(worse.a, worse.b, 1.0).state == "REFUTED"
    assert every_at_least([worse, row(0.0)], 1.0).state == "INCONCLUSIVE"
    verdict = every_at_least([row(-4.0), *[row(0.01 * i) for i in range(9)]], 1.0)
    assert (verdict.state, verdict.finding) == ("REFUTED", "worse")
    assert verdict.lower < verdict.difference < verdict.upper < -1.0


def test_rows_of_the_very_same_samples_are_one_row():
    worse = row(-1.6)
    assert every_at_least([worse] * 5, 1.0).state == "REFUTED"
    assert replace(every_at_least([worse] * 5, 1.0), relation="") == replace(every_at_least([worse], 1.0), relation="")
    better = row(0.6)
    assert any_greater([better] * 5).state == any_greater([better]).state == "SUPPORTED"


def test_seeds_that_settle_every_row():
    needed = [at_least(r.a, r.b, 1.0).seeds_needed for r in (row(-0.8), row(-0.9))]
    assert every_at_least([row(-0.8), row(-0.9), row(0.0)], 1.0).seeds_needed == max(needed)
    assert every_at_least([row(-0.8), row(-1.0)], 1.0).seeds_needed is None


def shown(p):
    """Return a row whose p-value for A above B is `p`."""
    distance = brentq(lambda d: greater(row(d).a, row(d).b).p - p, -5, 5)
    return row(distance)


def test_a_count_is_the_partial_conjunction_by_hand():
    rows = [shown(p) for p in (0.001, 0.004, 0.02, 0.6)]
    simes = {1: 4 * 0.001, 2: 3 * 0.004, 3: 2 * 0.02, 4: 0.6}
    for needed, p in simes.items():
        verdict = count_at_least(rows, needed)
        assert verdict.p == pytest.approx(p, rel=1e-6)
        assert verdict.state == ("SUPPORTED" if needed <= 3 else "INCONCLUSIVE")
        assert (verdict.difference, verdict.lower, verdict.upper) == (3 - needed, 3 - needed, 4 - needed)


@given(st.lists(st.floats(0.001, 0.6), min_size=1, max_size=5, unique=True))
@settings(max_examples=10)
def test_all_rows_are_shown_by_a_count_as_by_every_and_one_by_no_less_than_any(pvalues):
    rows = [shown(p) for p in pvalues]
    assert count_at_least(rows, len(rows)).p == pytest.approx(every_greater(rows).p)
    assert count_at_least(rows, 1).p <= any_greater(rows).p + 1e-12
    found = [count_at_least(rows, needed) for needed in range(1, len(rows) + 1)]
    assert [v.p for v in found] == sorted(v.p for v in found)
    turned = [replace(r, a=r.b, b=r.a) for r in rows]
    for needed, verdict in enumerate(found, 1):
        assert count_at_least(turned, len(rows) - needed + 1).p == pytest.approx(verdict.p_refuted)


def test_a_row_that_stands_for_several_counts_as_many_and_is_one_piece_of_evidence():
    win = shown(0.03)
    assert count_at_least([replace(win, weight=3)], 3).p == pytest.approx(0.03)
    assert count_at_least([win] * 3, 2).p == pytest.approx(0.03)
    assert count_at_least([win] * 3, 2).relation == "A above B in at least 2 of 3 rows"


def test_clear_rows_are_simply_counted():
    win, loss = (Difference(Sample(mean, 0.1, 3), Sample(93.0, 0.1, 3)) for mean in (95.0, 91.0))
    verdicts = [count_at_least([win] * 8 + [loss] * 2, needed) for needed in (7, 8, 9)]
    assert [(v.state, v.difference, v.lower, v.upper) for v in verdicts] == [
        ("SUPPORTED", 1, 1, 1),
        ("SUPPORTED", 0, 0, 0),
        ("REFUTED", -1, -1, -1),
    ]
    assert verdicts[0].relation == "A above B in at least 7 of 10 rows"


def test_missing_rows_can_go_either_way():
    win = Difference(Sample(95.0, 0.1, 3), Sample(93.0, 0.1, 3))
    single = Difference(Sample(95.0, 0.0, 1), Sample(93.0, 0.1, 3))
    rows = [win] * 4 + [single]
    assert [count_at_least(rows, needed, total=10).state for needed in (4, 5, 10)] == [
        "SUPPORTED",
        "INCONCLUSIVE",
        "INCONCLUSIVE",
    ]
    verdict = count_at_least(rows, 5, total=10)
    assert (verdict.lower, verdict.upper) == (-1, 5)
    assert "6 rows have too few seeds to tell" in verdict.reason
    assert count_at_least([], 1, total=2).state == "INCONCLUSIVE"
    with pytest.raises(ValueError, match="4 rows are given, more than the total of 3"):
        count_at_least([win] * 4, 1, total=3)

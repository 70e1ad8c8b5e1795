from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from prunebench.statistics import (
    WIDEST,
    Difference,
    Sample,
    at_least,
    count_at_least,
    every_at_least,
    greater,
    mean_at_least,
    mean_greater,
    sample,
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


@pytest.mark.parametrize("margin", [0.0, 0.5, 1.0])
def test_p_and_bounds_are_those_of_scipys_welch_test(margin):
    a, b = [93.1, 92.8, 93.6], [93.4, 93.9, 92.9, 93.6, 92.5]
    verdict = at_least(sample(a), sample(b), margin)
    above = stats.ttest_ind([v + margin for v in a], b, equal_var=False, alternative="greater")
    below = stats.ttest_ind(a, b, equal_var=False, alternative="less")
    assert verdict.p == pytest.approx(above.pvalue, rel=1e-9)
    assert verdict.lower == pytest.approx(above.confidence_interval(0.95).low - margin, rel=1e-9)
    assert verdict.upper == pytest.approx(below.confidence_interval(0.95).high, rel=1e-9)
    assert verdict.difference == pytest.approx(np.mean(a) - np.mean(b))
    assert verdict.n == (3, 5)


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
        "scratch_b - finetune is -0.67 points, with 95 % confidence each above -3.23 and below +1.90; the bar is -1, "
        "and more seeds may settle it, as `--pb-seeds auto` adds them."
    )


def test_equal_values_do_not_give_an_interval_without_width():
    same = sample([98.61, 98.61, 98.61], resolution=100 / 360)
    verdict = at_least(same, same, 0.3)
    # standard error of two means of 3 whose variance is 0.2778² / 12, 4 degrees of freedom
    assert verdict.upper == pytest.approx(stats.t.ppf(0.95, 4) * 0.27778 / np.sqrt(12) * np.sqrt(2 / 3), rel=1e-4)
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


@pytest.mark.parametrize(("n", "std"), [(3, (0.5, 0.5)), (3, (0.3, 1.5)), (5, (0.5, 0.5)), (5, (0.3, 1.5))])
def test_at_the_margin_each_kind_of_error_is_as_rare_as_promised(n, std):
    runs, rng = 2000, np.random.default_rng(n)
    a, b = rng.normal(93.0, std[0], (runs, n)), rng.normal(94.0, std[1], (runs, n))
    found = [at_least(sample(x), sample(y), 1.0).state for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    allowed = 0.054 + 3 * np.sqrt(0.05 * 0.95 / runs)  # 5.4 %: Welch's own excess for 3 seeds of unequal spread
    assert found.count("SUPPORTED") / runs < allowed
    assert found.count("REFUTED") / runs < allowed
    assert found.count("SUPPORTED") / runs > 0.03  # and it is no test that never speaks


@pytest.mark.parametrize(
    ("n", "std", "margin"), [((3, 3), (0.5, 0.5), 1.0), ((5, 5), (0.5, 1.0), 1.5), ((2, 6), (0.4, 0.6), 1.2)]
)
def test_power_is_the_rate_of_support_between_equal_arms(n, std, margin):
    rng = np.random.default_rng(1)
    a, b = rng.normal(94.0, std[0], (20000, n[0])), rng.normal(94.0, std[1], (20000, n[1]))
    p = stats.ttest_ind(a + margin, b, axis=1, equal_var=False, alternative="greater").pvalue
    power = at_least(Sample(94.0, std[0], n[0]), Sample(93.0, std[1], n[1]), margin).power
    assert power == pytest.approx(np.mean(p < 0.05), abs=0.02)


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
    assert one.p + other.p == pytest.approx(1)


@given(samples, samples, margins, st.floats(0.6, 0.99))
def test_state_bounds_and_p_agree(a, b, margin, confidence):
    verdict = at_least(a, b, margin, confidence)
    assert verdict.lower < verdict.difference < verdict.upper
    if abs(verdict.p - (1 - confidence)) > 1e-9:
        assert (verdict.state == "SUPPORTED") == (verdict.p < 1 - confidence)
    if abs(verdict.p - confidence) > 1e-9:
        assert (verdict.state == "REFUTED") == (verdict.p > confidence)


# Many rows


def elsewhere(row, level):
    """Return another row in which the arms differ as much, `level` points higher."""
    return replace(row, a=replace(row.a, mean=row.a.mean + level), b=replace(row.b, mean=row.b.mean + level), weight=1)


def test_the_mean_of_one_row_is_the_row_and_of_rows_like_it_is_surer():
    same = Difference(OURS, THEIRS)
    one, four = mean_at_least([same], 0.5), mean_at_least([elsewhere(same, level) for level in range(4)], 0.5)
    assert replace(one, relation="") == replace(at_least(OURS, THEIRS, 0.5), relation="")
    assert four.difference == pytest.approx(one.difference)
    assert four.n == (12, 20)
    error = np.sqrt(OURS.variance / 3 + THEIRS.variance / 5) / 2
    df = (OURS.variance / 3 + THEIRS.variance / 5) ** 2 / (
        (OURS.variance / 3) ** 2 / 2 + (THEIRS.variance / 5) ** 2 / 4
    )
    assert four.lower == pytest.approx(four.difference - stats.t.ppf(0.95, 4 * df) * error)


def test_rows_that_share_outcomes_weigh_more_but_are_no_further_evidence():
    shared, other = Difference(Sample(95.0, 0.5, 3), Sample(94.0, 0.5, 3), 3), Difference(OURS, THEIRS)
    verdict = mean_at_least([shared, other], 0.5)
    assert verdict == mean_at_least([replace(shared, weight=1)] * 3 + [other], 0.5)
    repeated = mean_at_least([*(elsewhere(shared, level) for level in (0, 1, 2)), other], 0.5)
    assert (
        verdict.difference == pytest.approx(repeated.difference) == pytest.approx((3 * 1.0 + 93.1667 - 93.26) / 4, 1e-4)
    )
    assert verdict.lower < repeated.lower
    assert "mean of 4 rows" in verdict.relation


def test_the_mean_over_rows_keeps_its_promise_at_the_margin():
    runs, rng = 1000, np.random.default_rng(7)
    offsets, spreads = np.array([-2.0, -1.0, 0.0]), np.array([0.3, 0.6, 1.2])  # mean difference -1, the margin
    a = rng.normal(93.0 + offsets[:, None], spreads[:, None], (runs, 3, 3)).tolist()
    b = rng.normal(93.0, spreads[:, None], (runs, 3, 3)).tolist()
    rows = [[Difference(sample(x), sample(y)) for x, y in zip(*run, strict=True)] for run in zip(a, b, strict=True)]
    found = [mean_at_least(run, 1.0).state for run in rows]
    assert max(found.count("SUPPORTED"), found.count("REFUTED")) / runs < 0.07
    assert found.count("SUPPORTED") / runs > 0.03


def test_an_arm_that_rows_share_counts_with_its_whole_weight():
    """One dense network, pruned to three ratios: taken as three networks, 5 % would be 17 %."""
    runs, rng = 800, np.random.default_rng(8)
    dense, pruned = rng.normal(93.0, 0.5, (runs, 3)).tolist(), rng.normal(93.0, 0.1, (runs, 3, 3)).tolist()
    rows = [[Difference(sample(d), sample(p)) for p in ps] for d, ps in zip(dense, pruned, strict=True)]
    found = [mean_greater(run).state for run in rows]
    assert max(found.count("SUPPORTED"), found.count("REFUTED")) / runs < 0.075
    assert mean_greater(rows[0]).n == (3, 9)


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
    worse = row(-1.4)  # alone 1 - p is 0.035
    assert every_at_least([worse], 1.0).state == at_least(worse.a, worse.b, 1.0).state == "REFUTED"
    assert every_at_least([worse, row(0.0)], 1.0).state == "INCONCLUSIVE"
    assert every_at_least([row(-3.0), *[row(0.0)] * 9], 1.0).state == "REFUTED"


def test_seeds_that_settle_every_row():
    needed = [at_least(r.a, r.b, 1.0).seeds_needed for r in (row(-0.8), row(-0.9))]
    assert every_at_least([row(-0.8), row(-0.9), row(0.0)], 1.0).seeds_needed == max(needed)
    assert every_at_least([row(-0.8), row(-1.0)], 1.0).seeds_needed is None


ROWS = [
    Difference(Sample(95.0, 0.5, 3), Sample(94.8, 0.4, 3)),
    Difference(Sample(95.0, 0.5, 5), Sample(95.2, 0.2, 3), weight=3),
    Difference(Sample(90.0, 1.5, 3), Sample(88.0, 1.4, 3)),
    Difference(Sample(90.0, 0.2, 3), Sample(90.6, 0.3, 4), weight=2),
]


@pytest.mark.parametrize("needed", range(9))
def test_the_count_of_rows_is_that_of_all_combinations(needed):
    chances = [1 - at_least(row.a, row.b, 0.1).p for row in ROWS]
    pmf = np.zeros(8)
    for wins in product((0, 1), repeat=4):
        count = sum(row.weight for row, win in zip(ROWS, wins, strict=True) if win)
        pmf[count] += np.prod([c if win else 1 - c for c, win in zip(chances, wins, strict=True)])
    reached = pmf[needed:].sum()
    verdict = count_at_least(ROWS, needed, margin=0.1, confidence=0.8)
    assert verdict.p == pytest.approx(1 - reached, abs=1e-12)
    assert verdict.state == ("SUPPORTED" if reached >= 0.8 else "REFUTED" if reached <= 0.2 else "INCONCLUSIVE")
    assert verdict.difference == 2 - needed  # of the estimates, the first and third are above -0.1
    least = max(count for count in range(8) if pmf[count:].sum() >= 0.8)
    most = min(count for count in range(8) if pmf[: count + 1].sum() >= 0.8)
    assert (verdict.lower, verdict.upper) == (least - needed, most - needed)


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

"""Several looks at one error rate."""

import json

import numpy as np
import pytest
from scipy import stats

from prunebench.common.errors import PrunebenchError
from prunebench.judging.sequential import Look, looks, sequence
from prunebench.statistics import at_confidence, at_least, sample


def test_looks_grow_by_half_and_end_at_the_limit():
    assert [look.seeds for look in sequence(12, 0.95)] == [3, 5, 8, 12]
    assert [look.seeds for look in sequence(20, 0.95)] == [3, 5, 8, 12, 18, 20]
    assert [look.seeds for look in sequence(2, 0.95)] == [2]


@pytest.mark.parametrize("limit", [2, 3, 12, 40])
def test_the_looks_spend_the_error_and_no_more(limit):
    assert sum(1 - look.confidence for look in sequence(limit, 0.95)) == pytest.approx(0.05)
    assert all(0.95 - 1e-12 <= look.confidence < 1 for look in sequence(limit, 0.95))


def test_a_number_is_a_single_look_at_the_whole_confidence():
    assert looks("4", 3, 0.95) == (Look(4, 0.95),)
    assert looks(None, 3, 0.95) == (Look(3, 0.95),)
    assert looks("auto", 3, 0.95) == sequence(12, 0.95)
    assert looks("auto:5", 3, 0.95) == sequence(5, 0.95)


@pytest.mark.parametrize("given", ["0", "-1", "many", "auto:1", "auto:x", "3:5", "2.5", ""])
def test_what_is_no_number_of_seeds_is_refused(given):
    with pytest.raises(PrunebenchError, match=r"give 1 or more, or auto\[:LIMIT\].*this tier takes 3"):
        looks(given, 3, 0.95)


def judged(a, b, margin):
    """Return the state of the first look that settles it, as a run finds it."""
    for look in sequence(len(a), 0.95):
        with at_confidence(look.confidence):
            verdict = at_least(sample(a[: look.seeds]), sample(b[: look.seeds]), margin)
        if verdict.state != "INCONCLUSIVE":
            return verdict.state
    return "INCONCLUSIVE"


@pytest.mark.parametrize("std", [(0.5, 0.5), (0.2, 1.0)])
def test_over_all_looks_false_verdicts_are_at_most_five_percent(std):
    """At the margin itself either verdict is false, and no other truth makes one of them more frequent."""
    runs, rng = 800, np.random.default_rng(0)
    a, b = rng.normal(92.0, std[0], (runs, 12)).tolist(), rng.normal(93.0, std[1], (runs, 12)).tolist()
    found = [judged(x, y, 1.0) for x, y in zip(a, b, strict=True)]
    for state in ("SUPPORTED", "REFUTED"):
        assert stats.binomtest(found.count(state), runs, 0.05, "greater").pvalue > 0.01
        assert found.count(state) > 0


def test_to_look_again_and_again_without_a_rule_is_wrong():
    """What the rule is for: the same looks, each at 95 %, are false more often than that."""
    runs, rng = 3000, np.random.default_rng(1)
    a, b = rng.normal(92.0, 0.5, (runs, 12)), rng.normal(93.0, 0.5, (runs, 12))

    def falsely(levels):
        ps = [stats.ttest_ind(a[:, :n] + 1, b[:, :n], axis=1, equal_var=False).statistic for n, _ in levels]
        dfs = [2 * n - 2 for n, _ in levels]
        return np.any([t > stats.t.ppf(level, df) for t, df, (_, level) in zip(ps, dfs, levels, strict=True)], axis=0)

    ruled = [(look.seeds, look.confidence) for look in sequence(12, 0.95)]
    assert falsely(ruled).mean() < 0.05
    assert falsely([(n, 0.95) for n, _ in ruled]).mean() > 0.07


CLAIM = """
import pytest
from prunebench.statistics import Sample, greater
from prunebench.protocol.tables import load

@pytest.mark.claim("C02")
@pytest.mark.parametrize("mean", [81, 88.8, 90], ids=["clear", "close", "equal"])
def test_mine(mean, observe, judge):
    "A sentence of mine."
    arms = observe(load().row("t4.imagenet.vgg-11.50"), arms=())
    seeds = len(arms.record.arms["pruned"].seeds)
    judge(greater(Sample(mean, 0.5, seeds), Sample(90, 0.5, seeds), names=("mine", f"theirs of {seeds}")))
"""


def test_seeds_are_added_until_the_verdict_is_settled(house):
    (house.path / "claims" / "test_mine.py").write_text(CLAIM)
    code, out = house.pytest("-k", "test_mine", "--pb-seeds", "auto:5", "-rx", parent=False)
    assert code == 1
    assert "REFUTED: mine greater than theirs of 3. mine - theirs of 3 is -9.00 points, with 96.5 % confidence" in out
    assert "REFUTED: mine greater than theirs of 5. mine - theirs of 5 is -1.20 points, with 98.5 % confidence" in out
    assert "INCONCLUSIVE: mine - theirs of 5 is +0.00 points" in out
    assert len(house.outcomes()) == 5 * 3, "each test found in the store what the one before had trained"
    (written, *_) = (house.path / "data" / "records" / "tiny").glob("*.json")
    assert "--pb-seeds auto:5" in json.loads(written.read_text())["command"]


def test_the_header_says_at_how_many_seeds_it_is_judged(house):
    assert (
        "(as asked), 3, 5, 8, 12 seeds until it is settled, margin 60" in house.pytest("--co", "--pb-seeds", "auto")[1]
    )

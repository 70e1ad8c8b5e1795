import numpy as np
import pytest
from scipy import stats

from prunebench.statistics import tau_greater

NAMES = ("finetune", "scratch_b")


def scores(means, std, rng, seeds=4):
    return {f"m{i}": rng.normal(mean, std, seeds).tolist() for i, mean in enumerate(means)}


def test_tau_and_its_p_value_are_scipys_over_halves_of_the_seeds():
    rng = np.random.default_rng(0)
    x, y = scores(rng.normal(0, 1, 9), 0.1, rng), scores(rng.normal(0, 1, 9), 0.1, rng)
    ways = [
        stats.kendalltau([np.mean(v[i::2]) for v in x.values()], [np.mean(v[1 - i :: 2]) for v in y.values()])
        for i in (0, 1)
    ]
    verdict = tau_greater(x, y)
    assert verdict.difference == pytest.approx(np.mean([way.statistic for way in ways]))
    sided = [way.pvalue / 2 if way.statistic > 0 else 1 - way.pvalue / 2 for way in ways]
    assert verdict.p == pytest.approx(min(1, 2 * min(sided)), abs=0.03)


def test_the_order_decides():
    rng = np.random.default_rng(1)
    x, y = scores(np.linspace(90, 94, 9), 0.1, rng), scores(np.linspace(90, 94, 9), 0.1, rng)
    verdict = tau_greater(x, y, names=NAMES)
    assert (verdict.state, verdict.unit, verdict.n, verdict.finding) == ("SUPPORTED", "tau", (4, 9), None)
    assert verdict.relation == "tau(finetune, scratch_b) greater than 0"
    assert -1 <= verdict.lower <= verdict.difference <= verdict.upper <= 1
    assert tau_greater(x, {m: [-v for v in values] for m, values in y.items()}).state == "REFUTED"
    assert tau_greater(x, y) == tau_greater(x, y), "the draws are always the same"


def test_too_few_methods_or_seeds_are_inconclusive():
    x = {"a": [1.0, 2.0], "b": [2.0, 3.0]}
    assert tau_greater(x, x).reason == "A ranking needs 5 methods of two seeds; here are 2 with at least 2."
    assert tau_greater({m: [1.0] for m in "abcde"}, {m: [1.0] for m in "abcde"}).state == "INCONCLUSIVE"
    with pytest.raises(ValueError, match=r"a has \[2, 3\] seeds"):
        tau_greater(x | {"c": [1.0, 1.0]}, {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0], "c": [1.0, 2.0]})


@pytest.mark.parametrize("seeds", [3, 5])
def test_luck_that_both_measures_share_puts_equal_methods_in_no_order(seeds):
    """All methods are equally good; a seed's plan makes both of its accuracies good or bad."""
    rng, runs, found = np.random.default_rng(2), 150, []
    for _ in range(runs):
        luck = rng.normal(0, 1, (9, seeds))
        x, y = (dict(enumerate((luck + rng.normal(0, 0.2, luck.shape)).tolist())) for _ in range(2))
        found.append(tau_greater(x, y).state)
    assert stats.binomtest(runs - found.count("INCONCLUSIVE"), runs, 0.1, "greater").pvalue > 0.01

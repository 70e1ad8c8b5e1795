import numpy as np
import pytest
from scipy import stats

from prunebench.statistics import p_above_chance


@pytest.mark.parametrize(("accuracy", "images", "share"), [(12.0, 360, 0.1), (33.3, 45, 0.34), (0.0, 10, 0.5)])
def test_p_is_scipys_exact_binomial_test(accuracy, images, share):
    right = int(accuracy / 100 * images)
    expected = stats.binomtest(right, images, share, "greater").pvalue
    assert p_above_chance(accuracy, images, share) == pytest.approx(expected)


def test_an_arm_that_names_the_largest_class_is_at_chance_and_one_that_learned_is_not():
    assert p_above_chance(100 * 37 / 360, 360, 37 / 360) > 0.4
    assert p_above_chance(96.0, 360, 37 / 360) < 1e-100


@pytest.mark.parametrize(("images", "share"), [(360, 0.1), (50, 0.37)])
def test_guessing_is_called_learned_in_at_most_five_of_a_hundred(images, share):
    right = np.random.default_rng(0).binomial(images, share, 5000)
    found = [p_above_chance(100 * k / images, images, share) <= 0.05 for k in right.tolist()]
    assert 0.01 < np.mean(found) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 5000)


@pytest.mark.parametrize(("accuracy", "images", "share"), [(101.0, 10, 0.1), (50.0, 0, 0.1), (50.0, 10, 0.0)])
def test_what_is_no_accuracy_or_share_is_refused(accuracy, images, share):
    with pytest.raises(ValueError, match="valid are 0 to 100 percent, at least one image"):
        p_above_chance(accuracy, images, share)

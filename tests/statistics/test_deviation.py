"""Within one standard deviation: of how many seeds it was estimated counts."""

import pytest

from prunebench.statistics import Difference, Sample, sample, within_std


@pytest.mark.parametrize(("n", "bias"), [(2, 0.7979), (3, 0.8862), (5, 0.9400)])
def test_a_is_lifted_by_the_deviation_without_the_bias_of_few_seeds(n, bias):
    (lifted,) = within_std([Difference(Sample(90, 1, n), Sample(91, 0.5, n), 2)])
    assert lifted.a.mean == pytest.approx(90 + 0.5 / bias, abs=1e-4)
    assert (lifted.a.std, lifted.b.mean, lifted.weight) == (1, 91, 2)


def test_what_is_not_known_of_the_deviation_counts_as_spread():
    (lifted,) = within_std([Difference(sample([90, 91]), sample([91, 92]))])
    assert lifted.b.values == (90.25, 92.75)
    assert lifted.b.std == pytest.approx(2.5 * sample([91, 92]).std)


def test_a_single_seed_has_no_deviation():
    (lifted,) = within_std([Difference(Sample(90, 0, 1), Sample(91, 0, 1))])
    assert (lifted.a.mean, lifted.b.std) == (90, 0)

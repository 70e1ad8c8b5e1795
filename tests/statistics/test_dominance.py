"""No method dominates: each has a rival somewhere, found without choosing it for its luck."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunebench.statistics import any_greater, none_dominates, sample
from prunebench.statistics.multiplicity import simes
from prunebench.statistics.samples import Difference

NOISE = (-0.1, 0.0, 0.1)


def setting(**means):
    return {method: sample(mean + turn for turn in NOISE) for method, mean in means.items()}


def test_each_method_has_a_rival_somewhere():
    verdict = none_dominates([setting(a=93, b=91, c=90), setting(a=90, b=91, c=93)], 0.5)
    assert verdict.state == "SUPPORTED"
    assert verdict.relation == "the best rival at least each of 3 methods in some of 2 settings"


def test_one_that_leads_everywhere_by_more_than_the_margin_refutes_it():
    verdict = none_dominates([setting(a=93, b=91, c=90), setting(a=95, b=91, c=93)], 0.5)
    assert verdict.state == "REFUTED"
    assert verdict.difference == pytest.approx(-2.0), "against the best of its rivals"
    assert verdict.reason.startswith("a comes closest to leading everywhere.")


def test_a_lead_within_the_margin_dominates_nothing():
    assert none_dominates([setting(a=93, b=92, c=90)], 3.0).state == "SUPPORTED"


def test_a_method_that_was_tried_in_one_setting_is_compared_there():
    apart = [setting(a=93, b=91), setting(b=95, c=91)]
    assert none_dominates([*apart, setting(c=95, a=90)], 0.5).state == "SUPPORTED"
    assert none_dominates([*apart, setting(c=90, a=95)], 0.5).state == "REFUTED"


@pytest.mark.parametrize("settings", [[], [setting(a=90)], [{"a": sample([90.0]), "b": sample([91.0])}]])
def test_without_two_methods_of_two_seeds_it_is_open(settings):
    assert none_dominates(settings, 0.5).state == "INCONCLUSIVE"


def test_two_methods_in_one_setting_are_the_test_of_one_difference():
    """With b far ahead of a in one setting, whether a has anything on b is one comparison per setting."""
    one, two = setting(a=90, b=91), setting(a=92, b=91.5)
    alone = any_greater([Difference(of["a"], of["b"]) for of in (one, two)])
    assert none_dominates([one, two], 0.0).state == alone.state


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_simes_lies_between_the_smallest_p_value_and_bonferroni(pvalues):
    assert min(pvalues) <= simes(pvalues) <= min(len(pvalues) * min(pvalues), max(pvalues)) + 1e-12

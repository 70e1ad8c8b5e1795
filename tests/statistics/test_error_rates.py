"""Each test in its worst cases: false verdicts are at most 5 %, and three standard errors of the simulation."""

import pytest
from worst_cases import CASES, Case, allowed

DRAWS = 250  # the rates in docs/statistics.md are of 20,000: python tests/support/worst_cases.py 20000


@pytest.mark.parametrize("case", CASES, ids=[f"{case.test}: {case.truth}" for case in CASES])
def test_false_verdicts_are_rare(case: Case):
    rates = case.rate(DRAWS, seed=1)
    assert max(rates.values()) <= allowed(DRAWS), rates

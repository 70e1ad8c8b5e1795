"""The two values of pruning, and the sentence that says them."""

import pytest

from prunebench.judging.value import sentence, values
from prunebench.statistics import greater, sample

ARMS = {
    "finetune": sample([97.0, 97.2, 97.4]),
    "scratch_b": sample([97.1, 97.3, 97.1]),
    "uniform_scratch_b": sample([95.0, 95.1, 95.3]),
}


def test_the_values_are_differences_with_welchs_bounds():
    found = values(ARMS, 0.95)
    assert found["weight"].difference == pytest.approx(97.2 - 97.1667, abs=1e-3)
    architecture = greater(ARMS["scratch_b"], ARMS["uniform_scratch_b"], 0.95)
    assert (found["architecture"].lower, found["architecture"].upper) == (architecture.lower, architecture.upper)
    assert found["architecture"].n == [3, 3]


def test_a_value_without_its_arms_is_not_there():
    assert list(values({arm: ARMS[arm] for arm in ("finetune", "scratch_b")})) == ["weight"]
    assert values({"finetune": ARMS["finetune"]}) == {}


def test_the_sentence_says_what_can_be_shown_and_what_cannot():
    said = sentence(values(ARMS, 0.95))
    assert "the inherited weights are worth +0.03 points [" in said
    assert "nothing that 3 seeds can show; the found architecture is worth +2.03 points [" in said
    assert said.endswith("] over uniform pruning to about as many FLOPs.")
    worse = values({**ARMS, "finetune": sample([80.0, 80.1, 80.2])})
    assert "less than nothing: training from scratch for as many FLOPs does better;" in sentence(worse)

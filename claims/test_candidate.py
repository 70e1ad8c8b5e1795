"""Your method: `pytest claims -k candidate --pb-method path/to/file.py:NAME [--pb-network path/to/file.py:build]`."""

import pytest

from prunebench.plugin.options import settings_of
from prunebench.protocol.arms import BASELINE_ARMS, PAPER_ARMS
from prunebench.protocol.tables import Row

PERCENT = {"VGG-19": 50, "PreResNet-164": 40, "DenseNet-40": 40}
OF_YOUR_NETWORK = 50


def candidate(network, percent):
    """Return the row of a method on a network; the tier's dataset for CIFAR-10 is what it is trained on."""
    name = f"candidate.{network.lower()}.{percent}"
    return Row(name, "-", "candidate", 0, (), "CIFAR-10", network, "candidate", percent / 100, {})


def pytest_generate_tests(metafunc):
    own = settings_of(metafunc.config).network.rpartition(":")[2]
    percent = {own: OF_YOUR_NETWORK} if own else PERCENT
    rows = [candidate(*pair) for pair in percent.items()]
    metafunc.parametrize("row", rows, ids=[row.id for row in rows])


@pytest.mark.claim("candidate")
def test_candidate(row, observe, judge):
    """The architecture that the method found does at least as well trained from scratch (same FLOPs) as fine-tuned.

    SUPPORTED means that the weights which the method hands down are worth nothing; REFUTED, that they are worth more
    than the tier's margin. What else it has to beat are uniform, L1 and random pruning of the dense network to as many
    FLOPs.
    """
    arms = observe(row, arms=[*PAPER_ARMS, *BASELINE_ARMS])
    rivals = [arms.at_least("finetune", arm) for arm in BASELINE_ARMS if arm.endswith("finetune")]
    aside = [arms.at_least("scratch_e", "finetune"), arms.at_least("scratch_b", "uniform_scratch_b"), *rivals]
    judge(arms.at_least("scratch_b", "finetune"), aside=aside)

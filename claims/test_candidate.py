"""Your method: `pytest claims -k candidate --pb-method path/to/file.py:NAME`."""

import pytest

from prunebench.arms import BASELINE_ARMS, PAPER_ARMS
from prunebench.tables import Row

ROWS = [
    Row(
        f"candidate.{network.lower()}.{ratio}",
        "-",
        "candidate",
        0,
        (),
        "CIFAR-10",
        network,
        "candidate",
        ratio / 100,
        {},
    )
    for network, ratio in [("VGG-19", 50), ("PreResNet-164", 40), ("DenseNet-40", 40)]
]


@pytest.mark.claim("candidate")
@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
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

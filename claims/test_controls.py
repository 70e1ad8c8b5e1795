"""Controls: what a verdict must find, and what it must not find, in this tier, for each family of networks."""

import pytest

from prunebench.protocol.tables import load

NAMES = [
    "t4.imagenet.vgg-11.50",
    "t1.cifar10.resnet-56-b",
    "t6.cifar10.preresnet-110.80",
    "t8a.cifar10.vgg-16.80",
    "t4.cifar10.densenet-40.60",
]
ROWS = [load().row(name).lent("control") for name in NAMES]
IDS = [f"{row.method}-{row.id.removeprefix('control.')}" for row in ROWS]


@pytest.mark.claim("control")
@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_planted_worse_arm_is_refuted(row, observe, judge):
    """A scratch arm that was trained for one epoch at a tiny rate must be REFUTED."""
    arms = observe(row, arms=["finetune", "planted"])
    judge(arms.at_least("planted", "finetune"), expect=("REFUTED",))


@pytest.mark.claim("control")
@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_equal_arms_are_not_refuted(row, observe, judge):
    """Scratch-E against Scratch-E with other randomness must not be REFUTED."""
    arms = observe(row, arms=["scratch_e", "again"])
    judge(arms.at_least("again", "scratch_e"), expect=("SUPPORTED", "INCONCLUSIVE"))

"""Controls: what a verdict must find, and what it must not find, in this tier, for each family of networks."""

import pytest

from prunebench.protocol.tables import load
from prunebench.statistics import at_least, greater

NAMES = [
    "t4.imagenet.vgg-11.50",
    "t1.cifar10.resnet-56-b",
    "t6.cifar10.preresnet-110.80",
    "t8a.cifar10.vgg-16.80",
    "t4.cifar10.densenet-40.60",
]
ROWS = [load().row(name).lent("control") for name in NAMES]
IDS = [f"{row.method}-{row.id.removeprefix('control.')}" for row in ROWS]

STEADY = [i for i, row in enumerate(ROWS) if row.network in ("ResNet-56", "VGG-16")]
"""Rows of which a tier's seeds tell two margins: of the others on digits, bounds of equal arms lie further off."""


@pytest.mark.claim("control")
@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_planted_worse_arm_is_refuted(row, observe, judge):
    """A scratch arm that was trained for one epoch at a tiny rate must be REFUTED."""
    arms = observe(row, arms=["finetune", "planted"])
    judge(arms.at_least("planted", "finetune"), expect=("REFUTED",))


@pytest.fixture
def against(observe):
    """Return Scratch-E with other randomness, moved by so many margins of the tier, and Scratch-E as it is."""

    def moved(row, margins):
        arms = observe(row, arms=["scratch_e", "again"])
        return arms["again"].raised(margins * arms.margin), arms["scratch_e"], arms.margin

    return moved


@pytest.mark.claim("control")
@pytest.mark.parametrize("row", [ROWS[i] for i in STEADY], ids=[IDS[i] for i in STEADY])
def test_arm_worse_by_two_margins_is_refuted(row, against, judge):
    """Scratch-E with other randomness, made worse by two margins of the tier, must be REFUTED."""
    *sides, margin = against(row, -2)
    judge(at_least(*sides, margin, names=("again, two margins lower", "scratch_e")), expect=("REFUTED",))


@pytest.mark.claim("control")
@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_arm_worse_by_half_a_margin_is_not_better(row, against, judge):
    """Scratch-E with other randomness, made worse by half a margin, must not be SUPPORTED as better."""
    *sides, _ = against(row, -0.5)
    names = ("again, half a margin lower", "scratch_e")
    judge(greater(*sides, names=names), expect=("REFUTED", "INCONCLUSIVE"))


@pytest.mark.claim("control")
@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_equal_arms_are_not_refuted(row, against, judge):
    """Scratch-E against Scratch-E with other randomness must not be REFUTED."""
    *sides, margin = against(row, 0)
    judge(at_least(*sides, margin, names=("again", "scratch_e")), expect=("SUPPORTED", "INCONCLUSIVE"))

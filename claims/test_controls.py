"""Controls: what a verdict must find, and what it must not find, in this tier."""

import pytest

from prunebench import tables

CHEAPEST = tables.load().row("t4.imagenet.vgg-11.50")


@pytest.mark.claim("control")
def test_slimming_planted_worse_arm_is_refuted(observe, judge):
    """A scratch arm that was trained for one epoch at a tiny rate must be REFUTED."""
    arms = observe(CHEAPEST, arms=["finetune", "planted"])
    judge(arms.at_least("planted", "finetune"), expect=("REFUTED",))


@pytest.mark.claim("control")
def test_slimming_equal_arms_are_not_refuted(observe, judge):
    """Scratch-E against Scratch-E with other randomness must not be REFUTED."""
    arms = observe(CHEAPEST, arms=["scratch_e", "again"])
    judge(arms.at_least("again", "scratch_e"), expect=("SUPPORTED", "INCONCLUSIVE"))

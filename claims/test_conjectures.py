"""Questions that only this suite can answer: F10, S03 and S04 over all methods, and the two guesses S01 and S02."""

import pytest

from prunebench.judging.observed import differences
from prunebench.protocol.arms import PAPER_ARMS
from prunebench.protocol.tables import load
from prunebench.statistics import (
    Difference,
    every_at_least,
    mean_at_least,
    mean_greater,
    tau_greater,
)

METHODS = (
    *("magnitude_l1", "magnitude_l2", "bn_scale", "lamp", "fpgm", "taylor", "obdc", "hessian", "hrank"),
    *("thinet", "regression", "random", "group_norm", "group_lasso", "growing", "slimming", "l1", "uniform"),
)
"""The structured methods of the registry that can prune to any share of the FLOPs."""

NETWORKS = {"VGG-19": "t4.cifar10.vgg-19.70", "ResNet-56": "t1.cifar10.resnet-56-b"}
SETTINGS = (("VGG-19", 4), ("ResNet-56", 2))
"""Networks, and by how much their FLOPs are divided: one of Table 4 and one of Table 1."""

ARMS = (*PAPER_ARMS, "uniform_scratch_b")


def row(method, network, speedup):
    """Return the row of a method that leaves 1 / `speedup` of a network's FLOPs."""
    changes = {"method": method, "variant": "", "ratio": 1 - 1 / speedup, "setting": f"{speedup}x FLOPs"}
    return load().row(NETWORKS[network]).lent("F10", f"{method}.{speedup}x", **changes)


ALL = [row(method, *setting) for setting in SETTINGS for method in METHODS]


@pytest.mark.claim("S04")
@pytest.mark.parametrize("row", ALL, ids=[row.id for row in ALL])
def test_every_method(row, observe, judge):
    """The architecture that the method found does at least as well trained from scratch (same FLOPs) as fine-tuned.

    Beside it stand what the inherited weights are worth, and what the architecture is worth over uniform pruning.
    """
    arms = observe(row, arms=ARMS)
    aside = [arms.at_least("scratch_e", "finetune"), arms.at_least("scratch_b", "uniform_scratch_b")]
    judge(arms.at_least("scratch_b", "finetune"), aside=aside)


@pytest.mark.claim("F10")
def test_no_method_dominates(observe, judge):
    """The method that is best fine-tuned on average has in every setting a rival that does as well.

    The rival is the best of the other methods in that setting, so that it is a little lucky.
    """
    settings = [{method: observe(row(method, *setting), arms=ARMS) for method in METHODS} for setting in SETTINGS]
    means = {method: sum(rows[method]["finetune"].mean for rows in settings) for method in METHODS}
    leader = max(METHODS, key=means.__getitem__)
    rivals = [{m: r for m, r in rows.items() if m != leader} for rows in settings]
    best = [max(others.values(), key=lambda r: r["finetune"].mean) for others in rivals]
    found = [Difference(b["finetune"], rows[leader]["finetune"]) for b, rows in zip(best, settings, strict=True)]
    judge(every_at_least(found, best[0].margin, names=("the best rival", leader)))


@pytest.mark.claim("S03")
@pytest.mark.parametrize(("network", "speedup"), SETTINGS)
def test_rankings_are_of_architectures(network, speedup, observe, judge):
    """The ranking of methods by fine-tuned accuracy follows that of their architectures trained from scratch."""
    rows = {method: observe(row(method, network, speedup), arms=ARMS) for method in METHODS}
    tuned, scratch = ({m: arms.values(arm) for m, arms in rows.items()} for arm in ("finetune", "scratch_b"))
    judge(tau_greater(tuned, scratch, names=("finetune", "scratch_b")))


MOVED = ["t4.cifar10.vgg-19.70", "t4.cifar10.preresnet-164.40", "t4.cifar10.preresnet-164.60"]


def moved_to_others(observe):
    """Return the rows whose architecture was found on other classes."""
    rows = (load().row(name).lent("S01", "moved", setting="found on another half") for name in MOVED)
    return [observe(row, ("scratch_b", "uniform_scratch_b")) for row in rows]


@pytest.mark.claim("S01")
def test_architectures_carry_over(observe, judge):
    """An architecture that slimming found on other classes beats uniform pruning."""
    moved = moved_to_others(observe)
    found = differences(moved, "scratch_b", "uniform_scratch_b")
    judge(mean_greater(found, names=("transferred", "uniform")))


@pytest.mark.claim("S01")
def test_architectures_carry_over_without_loss(observe, judge):
    """An architecture that slimming found on other classes does as well as the one found on its own."""
    moved = moved_to_others(observe)
    own = [observe(load().row(name).lent("S01", "own", setting="half"), ("scratch_b",)) for name in MOVED]
    found = [Difference(a["scratch_b"], b["scratch_b"]) for a, b in zip(moved, own, strict=True)]
    judge(mean_at_least(found, moved[0].margin, names=("transferred", "found there")))


WIDER = [("patterned", "dense"), ("patterned_x2", "widened_x2")]


@pytest.mark.claim("S02")
def test_widening_after_the_pattern(observe, judge):
    """A network widened after the pattern that slimming finds beats one that is widened evenly, at equal FLOPs."""
    names = ("f3.left.slimming.50", "f5.left.slimming.50")
    arms = ("patterned", "patterned_x2", "widened_x2")
    rows = [observe(load().row(name).lent("S02"), arms=arms) for name in names]
    found = [difference for pair in WIDER for difference in differences(rows, *pair)]
    judge(mean_greater(found, names=("patterned", "evenly widened")))

"""Questions that only this suite can answer: F10, S03 and S04 over all methods, and the two guesses S01 and S02."""

import pytest

from prunebench.judging.observed import differences, mean_of
from prunebench.judging.unfit import comparing
from prunebench.protocol.arms import PAPER_ARMS
from prunebench.protocol.tables import load
from prunebench.statistics import (
    Difference,
    every_at_least,
    mean_at_least,
    mean_greater,
    none_dominates,
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

SCORES = (*METHODS[:9], "random")
"""Those that only score channels. An allocation says where the removals fall, as on each of PruningBench's boards."""

NORMS = ("magnitude_l1", "magnitude_l2", "lamp")
"""The scores from weight norms."""

ALLOCATIONS = ("", "global", "protected")
"""The method's own; all channels in one order; the same, but no layer loses more than 90 % of its channels."""

# A method that ruins a network is judged with the others where methods are compared (`of=()`), and left out where its
# own arms are.

ARMS = (*PAPER_ARMS, "uniform_scratch_b")


def row(method, network, speedup, allocation=""):
    """Return the row of a method that leaves 1 / `speedup` of a network's FLOPs."""
    setting = ", ".join(filter(None, (f"{speedup}x FLOPs", allocation)))
    changes = {"method": method, "variant": "", "ratio": 1 - 1 / speedup, "setting": setting}
    name = ".".join(filter(None, (method, f"{speedup}x", allocation)))
    return load().row(NETWORKS[network]).lent("F10", name, **changes)


def board(network, speedup, allocation):
    """Return the rows that are compared with each other, by method."""
    methods = SCORES if allocation else METHODS
    return {method: row(method, network, speedup, allocation) for method in methods}


BOARDS = [board(*setting, allocation) for setting in SETTINGS for allocation in ALLOCATIONS]
ALL = [row for rows in BOARDS for row in rows.values()]


@pytest.mark.claim("S04")
@pytest.mark.parametrize("row", ALL, ids=[row.id for row in ALL])
def test_every_method(row, observe, judge):
    """The architecture that the method found does at least as well trained from scratch (same FLOPs) as fine-tuned.

    Beside it stand what the inherited weights are worth, and what the architecture is worth over uniform pruning.
    """
    arms = observe(row, arms=ARMS)
    aside = [arms.at_least("scratch_e", "finetune"), arms.at_least("scratch_b", "uniform_scratch_b")]
    judge(arms.at_least("scratch_b", "finetune"), aside=aside)


WORTH = [("scratch_b", "finetune"), ("scratch_e", "lr_rewind")]
"""What inherited weights are compared with: for the same FLOPs, and with the same schedule as they have."""


@pytest.mark.claim("S04")
@pytest.mark.parametrize("pair", WORTH, ids=[b for _, b in WORTH])
def test_no_weights_are_worth_anything(pair, observe, judge):
    """No method's inherited weights are worth anything over training its architecture from scratch, in any setting."""
    rows = comparing([observe(row, arms=pair) for row in ALL], *pair)
    judge(every_at_least(differences(rows, *pair), rows[0].margin, names=pair), of=rows)


def finetuned(observe):
    """Return the fine-tuned accuracies by board and method; methods that made one plan everywhere are one."""
    boards = [{method: observe(row, arms=ARMS) for method, row in rows.items()} for rows in BOARDS]
    plans = {m: tuple(rows[m].outcomes("finetune") for rows in boards if m in rows) for m in METHODS}
    alike = {plan: method for method, plan in reversed(plans.items())}
    chosen = set(alike.values())
    return [{method: arms["finetune"] for method, arms in rows.items() if method in chosen} for rows in boards]


@pytest.mark.claim("F10")
def test_no_method_dominates(observe, judge):
    """Every method has, in some setting, a rival that does as well fine-tuned."""
    judge(none_dominates(finetuned(observe), observe(ALL[0], arms=ARMS).margin), of=())


@pytest.mark.claim("F10")
def test_weight_norms_are_often_ahead(observe, judge):
    """Fine-tuned, scores from weight norms beat the other criteria, on the mean over networks and allocations."""
    boards = [{method: observe(rows[method], arms=ARMS)["finetune"] for method in SCORES} for rows in BOARDS]
    others = [method for method in SCORES if method not in (*NORMS, "random")]
    sides = [(mean_of(rows[m] for m in NORMS), mean_of(rows[m] for m in others)) for rows in boards]
    judge(mean_greater([Difference(*pair) for pair in sides], names=("norms", "other criteria")), of=())


@pytest.mark.claim("S03")
@pytest.mark.parametrize(("network", "speedup"), SETTINGS)
def test_rankings_are_of_architectures(network, speedup, observe, judge):
    """The ranking of methods by fine-tuned accuracy follows that of their architectures trained from scratch.

    A method with each allocation is one to be ranked; those that came to one architecture are one, at their mean.
    """
    found = {}
    for allocation in ALLOCATIONS:
        for method, row in board(network, speedup, allocation).items():
            arms = observe(row, arms=ARMS)
            found.setdefault(arms.outcomes("scratch_b"), {})[f"{method} {allocation}".strip()] = arms
    tuned = {", ".join(alike): mean_of(a["finetune"] for a in alike.values()).values for alike in found.values()}
    scratch = {", ".join(alike): next(iter(alike.values())).values("scratch_b") for alike in found.values()}
    judge(tau_greater(tuned, scratch, names=("finetune", "scratch_b")), of=())


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

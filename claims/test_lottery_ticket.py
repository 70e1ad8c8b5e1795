"""Appendix A: lottery tickets. The mask of a trained network, trained again from the network's own initial weights."""

import pytest

from prunebench.judging.observed import curve, differences, paper_count
from prunebench.protocol.tables import load
from prunebench.statistics import (
    Difference,
    curve_at_least,
    curve_greater,
    every_at_least,
    every_greater,
    greater,
    mean_at_least,
    mean_greater,
)

TICKETS = ("winning_ticket", "random_ticket")
REVERSED = TICKETS[::-1]


def at(setting):
    """Return the points of Fig. 7a at a learning rate, by network."""
    found = {}
    for row in load().of_table("f7a"):
        if row.setting.startswith(f"{setting},"):
            found.setdefault(row.network, []).append(row)
    return found


@pytest.mark.claim("C23", table="8a")
def test_lottery_at_a_large_rate(row, observe, judge):
    """At learning rate 0.1, random weights do at least as well as the winning ticket (one-shot)."""
    arms = observe(row, arms=TICKETS)
    judge(arms.at_least(*REVERSED), aside=[arms.equivalent(*REVERSED)])


@pytest.mark.claim("C23", table="8a")
def test_lottery_no_advantage_at_a_large_rate(rows, observe, judge):
    """At learning rate 0.1, the winning ticket has no advantage over random weights in any row of Table 8a."""
    arms = [observe(row, arms=TICKETS) for row in rows]
    judge(
        every_at_least(differences(arms, *REVERSED), arms[0].margin, names=REVERSED), paper=paper_count(arms, REVERSED)
    )


@pytest.mark.claim("C23", table="f7a")
@pytest.mark.parametrize("network", ["VGG-16", "ResNet-50"])
def test_lottery_iterative_no_advantage_at_a_large_rate(network, observe, judge):
    """At learning rate 0.1, the winning ticket of iterative pruning has no advantage over random weights (Fig. 7a)."""
    arms = [observe(row, arms=TICKETS) for row in at("lr 0.1")[network]]
    curves = {name: curve(arms, name) for name in TICKETS}
    verdict = curve_at_least(*(curves[name] for name in REVERSED), arms[0].margin, names=REVERSED)
    judge(verdict, curves=curves, paper=paper_count(arms, REVERSED))


@pytest.mark.claim("C24", table="8b")
def test_lottery_at_a_small_rate(row, observe, judge):
    """At learning rate 0.01, the winning ticket beats random weights (one-shot)."""
    judge(observe(row, arms=TICKETS).greater(*TICKETS))


@pytest.mark.claim("C24", table="8b")
def test_lottery_advantage_at_a_small_rate(rows, observe, judge):
    """At learning rate 0.01, the winning ticket beats random weights on the mean over Table 8b."""
    arms = [observe(row, arms=TICKETS) for row in rows]
    judge(mean_greater(differences(arms, *TICKETS), names=TICKETS), paper=paper_count(arms, TICKETS))


@pytest.mark.claim("C24", table="8b")
def test_lottery_advantage_in_every_row_at_a_small_rate(rows, observe, judge):
    """At learning rate 0.01, the winning ticket beats random weights in every row of Table 8b."""
    arms = [observe(row, arms=TICKETS) for row in rows]
    judge(every_greater(differences(arms, *TICKETS), names=TICKETS), paper=paper_count(arms, TICKETS))


@pytest.mark.claim("C24", table="f7a")
@pytest.mark.parametrize("network", ["VGG-16", "ResNet-50"])
def test_lottery_iterative_advantage_at_a_small_rate(network, observe, judge):
    """At learning rate 0.01, the winning ticket of iterative pruning beats random weights (Fig. 7a)."""
    arms = [observe(row, arms=TICKETS) for row in at("lr 0.01")[network]]
    curves = {name: curve(arms, name) for name in TICKETS}
    verdict = curve_greater(*(curves[name] for name in TICKETS), names=TICKETS)
    judge(verdict, curves=curves, paper=paper_count(arms, TICKETS))


@pytest.mark.claim("C25", table=("8a", "9a"))
@pytest.mark.parametrize("arm", TICKETS)
def test_small_rate_gives_lower_accuracy(arm, rows, observe, judge):
    """Learning rate 0.01 gives lower accuracy than 0.1, whichever weights the pruned network starts from (Tables 8, 9).

    Fig. 7a contradicts it at the highest ratios of ResNet-50.
    """
    fast = [observe(row, arms=TICKETS) for row in rows]
    slow = [observe(load().row(row.id.replace("a.", "b.", 1)), arms=TICKETS) for row in rows]
    found = [Difference(a[arm], b[arm]) for a, b in zip(fast, slow, strict=True)]
    above = sum(a.row.paper[arm].mean > b.row.paper[arm].mean for a, b in zip(fast, slow, strict=True))
    judge(mean_greater(found, names=("lr 0.1", "lr 0.01")), paper=f"{above} of {len(fast)}")


@pytest.mark.claim("C26", table=("9a", "9b"))
def test_structured_lottery(row, observe, judge):
    """For structured pruning by L1 norm, random weights do at least as well as the winning ticket, at either rate."""
    arms = observe(row, arms=TICKETS)
    judge(arms.at_least(*REVERSED), aside=[arms.equivalent(*REVERSED)])


@pytest.mark.claim("C26", table="9a")
def test_structured_lottery_no_advantage_at_a_large_rate(rows, observe, judge):
    """For structured pruning at learning rate 0.1, the winning ticket has no advantage, on the mean over Table 9a."""
    arms = [observe(row, arms=TICKETS) for row in rows]
    judge(
        mean_at_least(differences(arms, *REVERSED), arms[0].margin, names=REVERSED), paper=paper_count(arms, REVERSED)
    )


@pytest.mark.claim("C26", table="9b")
def test_structured_lottery_no_advantage_at_a_small_rate(rows, observe, judge):
    """For structured pruning at learning rate 0.01, the winning ticket has no advantage, on the mean over Table 9b."""
    arms = [observe(row, arms=TICKETS) for row in rows]
    judge(
        mean_at_least(differences(arms, *REVERSED), arms[0].margin, names=REVERSED), paper=paper_count(arms, REVERSED)
    )


@pytest.mark.claim("C27", table="8a")
@pytest.mark.parametrize("network", ["vgg-16", "resnet-50"])
def test_small_rate_stays_close_to_the_initial_weights(network, observe, judge):
    """With a small learning rate, final weights of the dense network stay closer to the initial ones."""
    fast, slow = (observe(load().row(f"t8{x}.cifar10.{network}.80"), TICKETS, ("distance",)) for x in "ab")
    sides = fast.measure("dense", "distance"), slow.measure("dense", "distance")
    judge(greater(*sides, names=("distance at lr 0.1", "distance at lr 0.01"), unit="% of the initial length"))

"""Claims of later papers about the same question, F01 to F09; none has a number of the paper to compare with."""

import pytest

from prunebench.judging.observed import differences, gaps
from prunebench.judging.unfit import comparing
from prunebench.protocol.tables import load
from prunebench.records.parts import Point
from prunebench.statistics import (
    Difference,
    any_greater,
    count_at_least,
    every_at_least,
    every_equivalent,
    every_greater,
    greater,
    mean_at_least,
    mean_greater,
    slope_below,
)

ROWS = load().rows


def lent(claim, *names, **changes):
    """Return rows of the paper for another claim."""
    return [ROWS[name].lent(claim, **changes) for name in names]


def ids(rows):
    """Return the parameters of a test with a row each."""
    return {"argvalues": rows, "ids": [row.id for row in rows]}


RESNETS = [f"t1.cifar10.resnet-{name}" for name in ("56-a", "56-b", "110-a", "110-b")]
REWOUND = ("lr_rewind", "finetune_e", "scratch_e", "scratch_b")
RETRAINED = lent("F01", *RESNETS, *(name for name in ROWS if name.startswith("t6.cifar10.")))


@pytest.mark.claim("F01")
@pytest.mark.parametrize("row", **ids(RETRAINED))
def test_retraining_with_the_full_schedule(row, observe, judge):
    """Retraining with the original schedule does at least as well as fine-tuning for as many epochs."""
    arms = observe(row, arms=REWOUND)
    judge(arms.at_least("lr_rewind", "finetune_e"), aside=[arms.at_least("lr_rewind", "scratch_b")])


@pytest.mark.claim("F01")
def test_retraining_with_the_full_schedule_on_the_mean(observe, judge):
    """Over all these rows, retraining with the original schedule is at least as good as fine-tuning."""
    arms = [observe(row, arms=REWOUND) for row in RETRAINED]
    names = ("lr_rewind", "finetune_e")
    judge(mean_at_least(differences(arms, *names), arms[0].margin, names=names))


@pytest.mark.claim("F02")
@pytest.mark.parametrize("name", ["t1.cifar10.vgg-16-a", "t1.cifar10.resnet-56-b"])
def test_random_pruning_with_the_full_schedule(name, observe, judge):
    """Random filters retrained with the full schedule beat those of L1 norm fine-tuned at the last rate for as long."""
    l1 = observe(ROWS[name].lent("F02", "l1"), arms=("finetune_e", "lr_rewind"))
    random = observe(ROWS[name].lent("F02", "random", method="random"), arms=("lr_rewind",))
    beside = greater(l1["lr_rewind"], random["lr_rewind"], names=("L1 + lr_rewind", "random + lr_rewind"))
    judge(
        greater(random["lr_rewind"], l1["finetune_e"], names=("random + lr_rewind", "L1 + finetune_e")), aside=[beside]
    )


FASTER = ("finetune", "finetune_x10", "finetune_x100")


@pytest.mark.claim("F03")
@pytest.mark.parametrize("row", **ids(lent("F03", "t1.cifar10.resnet-56-b", "t4.cifar10.vgg-19.70")))
def test_finetuning_at_a_large_rate_wins(row, observe, judge):
    """Fine-tuned from the best of three first rates, inherited weights beat training from scratch on the whole budget.

    The sentence over-reads its source (Wang et al. 2023), which has no single answer: there it depends on what is held
    equal, on the ratio and most of all on the rate, and scratch is given no extra epochs.
    """
    arms = observe(row, arms=(*FASTER, "scratch_b_plus"))
    found = [difference for arm in FASTER for difference in differences([arms], arm, "scratch_b_plus")]
    judge(any_greater(found, names=("finetune at some rate", "scratch_b_plus")))


SPARSE = [
    ROWS[f"t6.cifar10.{network}.95"].lent("F04", f"{percent}", ratio=percent / 100)
    for network in ("vgg-19", "preresnet-110", "densenet-bc-100")
    for percent in (90, 95, 98)
]


@pytest.mark.claim("F04")
def test_very_sparse_networks_need_their_weights(observe, judge):
    """At this width, fine-tuned networks without 90 to 98 % of their weights beat scratch ones on both budgets."""
    arms = ("finetune", "scratch_b", "scratch_b_twice")
    rows = comparing([observe(row, arms=arms) for row in SPARSE], *arms)
    found = [d for scratch in arms[1:] for d in differences(rows, "finetune", scratch)]
    names = ("finetune", "scratch")
    judge(every_greater(found, names=names), aside=[mean_greater(found, names=names)], of=rows)


TABLE_8A = [row.lent("F05") for row in load().of_table("8a")]


@pytest.mark.claim("F05")
def test_rewinding_to_an_early_epoch_finds_tickets(observe, judge):
    """Weights rewound to 2 % of the training beat random ones at learning rate 0.1, on the mean over Table 8a."""
    arms = [observe(row, arms=("weight_rewind", "winning_ticket", "random_ticket")) for row in TABLE_8A]
    names = ("weight_rewind", "random_ticket")
    judge(mean_greater(differences(arms, *names), names=names))


@pytest.mark.claim("F05")
def test_rewinding_to_the_start_finds_none(observe, judge):
    """Weights rewound to the start do not beat random ones at learning rate 0.1, on the mean over Table 8a."""
    arms = [observe(row, arms=("weight_rewind", "winning_ticket", "random_ticket")) for row in TABLE_8A]
    names = ("random_ticket", "winning_ticket")
    judge(mean_at_least(differences(arms, *names), arms[0].margin, names=names))


TICKETS = ("winning_ticket", "random_ticket")


@pytest.mark.claim("F06")
@pytest.mark.parametrize("network", ["vgg-16", "resnet-50"])
def test_weights_correlate_at_a_small_rate(network, observe, judge):
    """More of the largest final weights were among the largest initial ones at learning rate 0.01 than at 0.1."""
    fast, slow = (observe(ROWS[f"t8{x}.cifar10.{network}.80"].lent("F06"), TICKETS, ("overlap",)) for x in "ab")
    sides = slow.measure("dense", "overlap"), fast.measure("dense", "overlap")
    judge(greater(*sides, names=("overlap at lr 0.01", "overlap at lr 0.1"), unit="% of the largest weights"))


@pytest.mark.claim("F06")
def test_finetuning_beats_the_ticket(observe, judge):
    """At learning rate 0.1, pruning and fine-tuning does at least as well as the winning ticket in Table 8a."""
    rows = [row.lent("F06") for row in load().of_table("8a")]
    arms = [observe(row, arms=("winning_ticket", "finetune")) for row in rows]
    names = ("finetune", "winning_ticket")
    judge(every_at_least(differences(arms, *names), arms[0].margin, names=names))


SHARES = (0.25, 0.5, 1, 2)


def leads(observe):
    """Return the winning ticket's lead over random weights by rate: its seeds at each share of the epochs."""
    row, found = ROWS["t8a.cifar10.resnet-50.80"], {"0.1": {}, "0.01": {}}
    for rate, lines in found.items():
        for share in SHARES:
            setting = f"lr {rate}, epochs x{share:g}"
            named = row.lent("F07", f"lr-{rate}.x{share:g}", ratio=0.7379, setting=setting)
            lines[share] = gaps(observe(named, arms=TICKETS), *TICKETS)
    return found


@pytest.mark.claim("F07")
def test_ticket_gap_closes_with_epochs(observe, judge):
    """At learning rate 0.01, the winning ticket's lead over random weights falls with the epochs."""
    found = leads(observe)
    lines = {rate: [Point(x=x, y=list(gap.values)) for x, gap in line.items()] for rate, line in found.items()}
    judge(
        slope_below(lines["0.01"], name="gap at lr 0.01"),
        curves={f"lr {rate}": line for rate, line in lines.items()},
        axes=("epochs over the schedule's", "winning ticket less random ticket, points"),
    )


@pytest.mark.claim("F07")
def test_ticket_gap_is_larger_at_a_small_rate(observe, judge):
    """The winning ticket's lead over random weights is larger at rate 0.01 than at 0.1, on the mean over the epochs."""
    gaps_at = leads(observe)
    found = [Difference(gaps_at["0.01"][share], gaps_at["0.1"][share]) for share in SHARES]
    judge(mean_greater(found, names=("gap at lr 0.01", "gap at lr 0.1")))


COMPACT = [
    ROWS["t14.cifar10.resnet-56.90"].lent("F08", f"{percent}", network="MobileNetV2", ratio=percent / 100)
    for percent in (30, 50, 70)
]


@pytest.mark.claim("F08")
def test_compact_network_keeps_its_weights(observe, judge):
    """For MobileNetV2, which is compact already, fine-tuning beats training the pruned network from scratch."""
    arms = [observe(row) for row in COMPACT]
    names = ("finetune", "scratch_b")
    found = differences(arms, *names)
    judge(mean_greater(found, names=names), aside=[count_at_least(found, len(found), names=names)])


@pytest.mark.claim("F09")
def test_masks_may_be_shuffled_within_layers(observe, judge):
    """Moving the mask about inside each layer does no harm to training from scratch, in any CIFAR-10 row of Table 6."""
    rows = [row for row in load().of_table("6") if row.dataset == "CIFAR-10"]
    own = [observe(row.lent("F09"), arms=("scratch_e",)) for row in rows]
    moved = [observe(row.lent("F09", "shuffled", method="shuffled"), arms=("scratch_e",)) for row in rows]
    found = [Difference(a["scratch_e"], b["scratch_e"]) for a, b in zip(moved, own, strict=True)]
    judge(every_equivalent(found, own[0].margin, names=("shuffled", "mask of its own")))

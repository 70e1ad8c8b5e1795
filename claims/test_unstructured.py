"""Section 4.3 and Appendix G: pruning of single weights by magnitude."""

import pytest

from prunebench.judging.observed import differences, paper_count
from prunebench.protocol.tables import load
from prunebench.statistics import (
    any_greater,
    count_at_least,
    every_at_least,
    every_equivalent,
    every_greater,
    mean_at_least,
)

CIFAR = ("CIFAR-10", "CIFAR-100")
BOTH = ("scratch_b", "finetune")
SHARE = "% of the weights"


@pytest.mark.claim("C03", table="6")
def test_magnitude(row, observe, judge):
    """The masks of magnitude pruning do at least as well trained from scratch (same FLOPs) as fine-tuned."""
    arms = observe(row)
    judge(arms.at_least("scratch_b", "finetune"), aside=[arms.at_least("scratch_e", "finetune")])


@pytest.mark.claim("C03", table="6")
def test_magnitude_scratch_mostly_matches_on_cifar(rows, observe, judge):
    """Training from scratch mostly matches fine-tuning in the CIFAR rows of Table 6: on the mean, and in most rows."""
    arms = [observe(row) for row in rows if row.dataset in CIFAR]
    found, margin = differences(arms, *BOTH), arms[0].margin
    most = count_at_least(found, len(arms) // 2 + 1, margin=margin, names=BOTH)
    judge(mean_at_least(found, margin, names=BOTH), aside=[most], paper=paper_count(arms, BOTH))


@pytest.mark.claim("C10", table="6")
def test_magnitude_scratch_b_on_par_up_to_80_percent(rows, observe, judge):
    """Up to 80 % of the weights, Scratch-B is at least on par with fine-tuning in every CIFAR row of Table 6."""
    arms = [observe(row) for row in rows if row.dataset in CIFAR and row.ratio <= 0.8]
    judge(every_at_least(differences(arms, *BOTH), arms[0].margin, names=BOTH), paper=paper_count(arms, BOTH))


@pytest.mark.claim("C10", table="6")
def test_magnitude_scratch_e_falls_short_at_times(rows, observe, judge):
    """Up to 80 % of the weights, Scratch-E falls short of fine-tuning in some CIFAR row of Table 6."""
    arms = [observe(row) for row in rows if row.dataset in CIFAR and row.ratio <= 0.8]
    verdict = any_greater(differences(arms, "finetune", "scratch_e"), names=("finetune", "scratch_e"))
    judge(verdict, paper=paper_count(arms, ("finetune", "scratch_e")))


@pytest.mark.claim("C11", table="6")
def test_magnitude_finetune_beats_scratch_at_95_percent(rows, observe, judge):
    """Of 95 % of the weights, fine-tuning beats training from scratch in some rows of Table 6."""
    arms = [observe(row) for row in rows if row.dataset in CIFAR and row.ratio == 0.95]
    verdict = any_greater(differences(arms, "finetune", "scratch_b"), names=("finetune", "scratch_b"))
    judge(verdict, paper=paper_count(arms, ("finetune", "scratch_b")))


@pytest.mark.claim("C12", table="6")
def test_magnitude_scratch_b_mostly_below_on_imagenet(rows, observe, judge):
    """On ImageNet, Scratch-B is below fine-tuning in most rows of Table 6 (3 of 4)."""
    arms = [observe(row) for row in rows if row.dataset == "ImageNet"]
    verdict = count_at_least(differences(arms, "finetune", "scratch_b"), needed=3, names=("finetune", "scratch_b"))
    judge(verdict, paper=paper_count(arms, ("finetune", "scratch_b")))


RESCALED = [load().row(f"t6.cifar10.vgg-19.{percent}").lent("C13") for percent in (30, 80, 95)]


@pytest.mark.claim("C13")
def test_magnitude_rescaled_init_gains_nothing(observe, judge):
    """Scaling the initial weights by the number of weights that remain gains nothing over the usual initialisation."""
    arms = [observe(row, arms=("scratch_e", "random_ticket_unscaled")) for row in RESCALED]
    names = ("scratch_e", "random_ticket_unscaled")
    judge(every_equivalent(differences(arms, *names), arms[0].margin, names=names), paper="no gain (p.7)")


NEAR_ZERO = [load().row(name).lent("C14") for name in ("f3.left.slimming.50", "f3.right.magnitude.80")]


@pytest.mark.claim("C14")
@pytest.mark.parametrize("arm", ["finetune", "scratch_e"])
def test_pruned_networks_have_fewer_weights_near_zero(arm, observe, judge):
    """Pruned networks, fine-tuned or from scratch, have far fewer weights near zero than the dense network (Fig. 8)."""
    arms = [observe(row, ("finetune", "scratch_e"), ("near_zero",)) for row in NEAR_ZERO]
    found = differences(arms, "dense", arm, "near_zero")
    judge(every_greater(found, names=("dense", arm), unit=SHARE), paper="much lower peaks at zero (Fig. 8)")


@pytest.mark.claim("C14")
def test_magnitude_finetuned_has_nearly_no_weights_near_zero(observe, judge):
    """After magnitude pruning, fine-tuned networks have fewer weights near zero than those from scratch (Fig. 8)."""
    arms = [observe(NEAR_ZERO[1], ("finetune", "scratch_e"), ("near_zero",))]
    found = differences(arms, "scratch_e", "finetune", "near_zero")
    judge(
        every_greater(found, names=("scratch_e", "finetune"), unit=SHARE), paper="two lobes with a gap at zero (Fig. 8)"
    )

"""Section 4.2: pruning methods that find out by themselves how many channels, or which blocks, are kept."""

import pytest

from prunebench.judging.observed import differences, paper_count
from prunebench.statistics import count_at_least, every_at_least, every_greater, mean_greater, within_std

SCRATCH = ("scratch_e", "scratch_b")


def cifar(row):
    return row.dataset != "ImageNet"


@pytest.mark.claim("C02", table="4")
def test_slimming(row, observe, judge):
    """The architecture that slimming found does at least as well trained from scratch (same FLOPs) as fine-tuned."""
    arms = observe(row)
    judge(arms.at_least("scratch_b", "finetune"), aside=[arms.at_least("scratch_e", "finetune")])


@pytest.mark.claim("C02", table="4")
def test_slimming_in_every_row(rows, observe, judge):
    """In every row of Table 4, Scratch-B is at least as good as fine-tuning."""
    arms = [observe(row) for row in rows]
    found = differences(arms, "scratch_b", "finetune")
    verdict = every_at_least(found, arms[0].margin, names=("scratch_b", "finetune"))
    judge(verdict, paper=paper_count(arms, ("scratch_b", "finetune")))


@pytest.mark.claim("C08", table="4", only=cifar)
def test_slimming_scratch_b_beats_finetune_in_8_of_10(rows, observe, judge):
    """Scratch-B beats fine-tuning in 8 of the 10 CIFAR rows of Table 4."""
    arms = [observe(row) for row in rows]
    verdict = count_at_least(differences(arms, "scratch_b", "finetune"), needed=8, names=("scratch_b", "finetune"))
    judge(verdict, paper=paper_count(arms, ("scratch_b", "finetune")))


@pytest.mark.claim("C08", table="4", only=cifar)
def test_slimming_scratch_e_within_one_std(rows, observe, judge):
    """Scratch-E is at worst slightly below fine-tuning: within one standard deviation in most CIFAR rows (6 of 10)."""
    arms = [observe(row) for row in rows]
    found = within_std(differences(arms, "scratch_e", "finetune"))
    verdict = count_at_least(found, needed=6, names=("scratch_e + one std", "finetune"))
    judge(verdict, paper=paper_count(arms, ("scratch_e", "finetune"), stds=1))


@pytest.mark.claim("C02", table="5")
def test_sss(row, observe, judge):
    """What sparse structure selection leaves does no better than its architecture trained from scratch."""
    arms = observe(row, arms=SCRATCH)
    judge(arms.at_least("scratch_b", "pruned"), aside=[arms.at_least("scratch_e", "pruned")])


@pytest.mark.claim("C09", table="5")
def test_sss_scratch_e_on_average(rows, observe, judge):
    """With sparse structure selection, Scratch-E is on average above the pruned networks."""
    arms = [observe(row, arms=SCRATCH) for row in rows]
    verdict = mean_greater(differences(arms, "scratch_e", "pruned"), names=("scratch_e", "pruned"))
    judge(verdict, paper=paper_count(arms, ("scratch_e", "pruned")))


@pytest.mark.claim("C09", table="5")
def test_sss_scratch_b_above_both(rows, observe, judge):
    """With sparse structure selection, Scratch-B is above the pruned network and above Scratch-E in every row."""
    arms = [observe(row, arms=SCRATCH) for row in rows]
    both = differences(arms, "scratch_b", "pruned") + differences(arms, "scratch_b", "scratch_e")
    verdict = every_greater(both, names=("scratch_b", "the others"))
    judge(verdict, paper=paper_count(arms, ("scratch_b", "pruned"), ("scratch_b", "scratch_e")))

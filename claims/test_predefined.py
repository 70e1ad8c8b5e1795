"""Section 4.1 and Appendix B: pruning to a target architecture that is fixed before, as people choose it by hand."""

import pytest

from prunebench.judging.observed import differences, paper_count
from prunebench.statistics import Difference, count_at_least, every_at_least, every_greater, mean_at_least, sample

SOFT = ("scratch_e", "scratch_b")
BOTH = (("scratch_e", "finetune"), ("scratch_b", "finetune"))


@pytest.mark.claim("C05", table="1")
def test_l1(row, observe, judge):
    """The target of L1-norm pruning does at least as well trained from scratch (same FLOPs) as fine-tuned."""
    arms = observe(row)
    judge(arms.at_least("scratch_b", "finetune"), aside=[arms.at_least("scratch_e", "finetune")])


@pytest.mark.claim("C05", table="1")
def test_l1_both_ways_from_scratch_in_every_row(rows, observe, judge):
    """In every row of Table 1, Scratch-E and Scratch-B are at least as good as fine-tuning."""
    arms = [observe(row) for row in rows]
    both = differences(arms, "scratch_e", "finetune") + differences(arms, "scratch_b", "finetune")
    judge(every_at_least(both, arms[0].margin, names=("scratch", "finetune")), paper=paper_count(arms, *BOTH))


@pytest.mark.claim("C06", table="2")
def test_thinet(row, observe, judge):
    """ThiNet's target loses no more accuracy trained from scratch (same FLOPs) than fine-tuned."""
    arms = observe(row)
    judge(arms.at_least("scratch_b", "finetune"), aside=[arms.at_least("scratch_e", "finetune")])


@pytest.mark.claim("C06", table="2")
def test_thinet_nearly_always(rows, observe, judge):
    """Scratch-E and Scratch-B lose less than fine-tuning in 11 of the 12 comparisons of Table 2.

    The text names one exception, Scratch-E on VGG-Tiny; the table itself has two more, on VGG-Conv and VGG-GAP.
    """
    arms = [observe(row) for row in rows]
    both = differences(arms, "scratch_e", "finetune") + differences(arms, "scratch_b", "finetune")
    judge(count_at_least(both, needed=11, names=("scratch", "finetune")), paper=paper_count(arms, *BOTH))


@pytest.mark.claim("C07", table="3")
def test_regression(row, observe, judge):
    """The target of reconstruction by regression loses no more trained from scratch (same FLOPs) than fine-tuned."""
    arms = observe(row)
    judge(arms.at_least("scratch_b", "finetune"), aside=[arms.at_least("scratch_e", "finetune")])


@pytest.mark.claim("C07", table="3")
def test_regression_both_ways_from_scratch(rows, observe, judge):
    """In every row of Table 3, Scratch-E and Scratch-B lose less than fine-tuning.

    The table contradicts it once: Scratch-E on VGG-16-5x loses 3.46 points, fine-tuning 2.67.
    """
    arms = [observe(row) for row in rows]
    both = differences(arms, "scratch_e", "finetune") + differences(arms, "scratch_b", "finetune")
    judge(every_at_least(both, arms[0].margin, names=("scratch", "finetune")), paper=paper_count(arms, *BOTH))


@pytest.mark.claim("C28", table=("10", "11"))
def test_soft_filter(row, observe, judge):
    """The network that soft filter pruning leaves does no better than its architecture trained from scratch."""
    arms = observe(row, arms=SOFT)
    judge(arms.at_least("scratch_b", "pruned"), aside=[arms.at_least("scratch_e", "pruned")])


@pytest.mark.claim("C28", table=("10", "11"))
def test_soft_filter_scratch_e_most_of_the_time(rows, observe, judge):
    """Scratch-E beats the network that soft filter pruning leaves in most rows of Tables 10 and 11."""
    arms = [observe(row, arms=SOFT) for row in rows]
    verdict = count_at_least(
        differences(arms, "scratch_e", "pruned"), len(rows) // 2 + 1, names=("scratch_e", "pruned")
    )
    judge(verdict, paper=paper_count(arms, ("scratch_e", "pruned")))


@pytest.mark.claim("C28", table=("10", "11"))
def test_soft_filter_scratch_b_nearly_always(rows, observe, judge):
    """Scratch-B beats the network that soft filter pruning leaves in all rows of Tables 10 and 11 but one or two."""
    arms = [observe(row, arms=SOFT) for row in rows]
    verdict = count_at_least(differences(arms, "scratch_b", "pruned"), len(rows) - 2, names=("scratch_b", "pruned"))
    judge(verdict, paper=paper_count(arms, ("scratch_b", "pruned")))


@pytest.mark.claim("C01", table=("1", "2", "3", "10", "11"))
def test_predefined_targets_from_scratch(rows, observe, judge):
    """For every predefined target, training it from scratch does as well as training, pruning and fine-tuning."""
    soft = [observe(row, arms=SOFT) for row in rows if row.method == "soft_filter"]
    hard = [observe(row) for row in rows if row.method != "soft_filter"]
    all_rows = differences(hard, "scratch_b", "finetune") + differences(soft, "scratch_b", "pruned")
    verdict = every_at_least(all_rows, hard[0].margin, names=("scratch_b", "pipeline"))
    mean = mean_at_least(all_rows, hard[0].margin, names=("scratch_b", "pipeline"))
    judge(verdict, aside=[mean], paper=paper_count(hard + soft, ("scratch_b", "finetune"), ("scratch_b", "pruned")))


@pytest.mark.claim("C33", table=("2", "3"))
def test_dense_networks_above_the_originals(rows, observe, judge):
    """The dense networks trained anew in PyTorch are more accurate than the originals that ThiNet and He et al. used.

    The originals are Caffe networks on ImageNet: where the row's dataset is another one, nothing stands for them.
    """
    arms = [observe(row, arms=()) for row in rows]
    shown = arms[0].dataset
    if shown != "imagenet":
        pytest.skip(f"the originals are networks on ImageNet; nothing stands for them on {shown}")
    found = [Difference(row["dense"], sample([row.row.paper["dense_original"].mean] * 2)) for row in arms]
    judge(every_greater(found, names=("dense", "original")), paper="71.51 against 71.03, 76.13 against 75.15 and 75.51")

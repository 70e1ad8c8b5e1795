"""Sections 4 and 6, Appendices D, E and F: what longer training is worth, and what training from scratch costs."""

import pytest

from prunebench.judging.observed import differences, paper_count
from prunebench.statistics import (
    count_at_least,
    every_at_least,
    every_greater,
    mean_at_least,
    mean_equivalent,
    mean_greater,
)

LONGER = ("scratch_b", "scratch_e")
BOTH = ("scratch_b", "finetune")
SOFT = ("10", "11")


@pytest.mark.claim("C04", table=("1", "4", "6", "10", "11", "13", "17"))
def test_longer_training_rarely_harms(rows, observe, judge):
    """Scratch-B is on the mean over all rows at least as good as Scratch-E, and in most rows no worse."""
    arms = [observe(row, arms=LONGER) if row.table in SOFT else observe(row) for row in rows]
    found, margin = differences(arms, *LONGER), arms[0].margin
    most = count_at_least(found, len(arms) // 2 + 1, margin=margin, names=LONGER)
    judge(mean_at_least(found, margin, names=LONGER), aside=[most], paper=paper_count(arms, LONGER))


@pytest.mark.claim("C30", table=("13", "14", "15"))
def test_aggressive(row, observe, judge):
    """When pruning is aggressive, training from scratch (same FLOPs) beats fine-tuning."""
    arms = observe(row)
    judge(arms.greater("scratch_b", "finetune"), aside=[arms.greater("dense", "finetune")])


@pytest.mark.claim("C30", table=("13", "14", "15"))
def test_aggressive_by_a_larger_margin(rows, observe, judge):
    """When pruning is aggressive, Scratch-B beats fine-tuning in every row, and fine-tuning is far below the dense net.

    Table 15 contradicts the second half: of VGG-19 without 95 % of its weights, fine-tuning loses 0.16 points.
    """
    arms = [observe(row) for row in rows]
    dense = mean_greater(differences(arms, "dense", "finetune"), names=("dense", "finetune"))
    judge(every_greater(differences(arms, *BOTH), names=BOTH), aside=[dense], paper=paper_count(arms, BOTH))


FINETUNED = ("finetune", "finetune_80", "finetune_160", "scratch_e")


@pytest.mark.claim("C31", table="16")
def test_longer_finetuning(row, observe, judge):
    """Fine-tuning four times as long gains nothing to speak of."""
    arms = observe(row, arms=FINETUNED)
    verdict = arms.at_least("finetune", "finetune_160")
    judge(verdict, aside=[arms.at_least("finetune", "finetune_80"), arms.at_least("scratch_e", "finetune_160")])


@pytest.mark.claim("C31", table="16")
def test_longer_finetuning_gains_nothing(rows, observe, judge):
    """Fine-tuning for 80 or 160 epochs equals fine-tuning for 40 on the mean of Table 16; Scratch-E is on par."""
    arms = [observe(row, arms=FINETUNED) for row in rows]
    margin, longer = arms[0].margin, ("finetune_160", "finetune")
    scratch = every_at_least(
        differences(arms, "scratch_e", "finetune_160"), margin, names=("scratch_e", "finetune_160")
    )
    judge(
        mean_equivalent(differences(arms, *longer), margin, names=longer), aside=[scratch], paper="-0.1 to +0.1 points"
    )


@pytest.mark.claim("C32", table="17")
def test_long_schedule(row, observe, judge):
    """With a schedule of 300 epochs, training from scratch (same FLOPs) is still at least on par with fine-tuning."""
    arms = observe(row)
    judge(arms.at_least("scratch_b", "finetune"), aside=[arms.at_least("scratch_e", "finetune")])


@pytest.mark.claim("C32", table="17")
def test_long_schedule_in_every_row(rows, observe, judge):
    """With a schedule of 300 epochs, Scratch-E and Scratch-B are at least on par in every row of Table 17."""
    arms = [observe(row) for row in rows]
    both = differences(arms, "scratch_e", "finetune") + differences(arms, *BOTH)
    counts = paper_count(arms, ("scratch_e", "finetune"), BOTH)
    judge(every_at_least(both, arms[0].margin, names=("scratch", "finetune")), paper=counts)


@pytest.mark.claim("C22", table="1")
def test_scratch_needs_less_memory(rows, observe, judge):
    """Training a predefined target from scratch takes less memory at its peak than the dense network's training."""
    arms = [observe(row, measures=("memory",)) for row in rows]
    found = differences(arms, "dense", "scratch_e", "memory")
    judge(every_greater(found, names=("dense", "scratch_e"), unit="MB"), paper="less (p.10, no numbers)")


@pytest.mark.claim("C22", table="1")
def test_scratch_needs_less_time(rows, observe, judge):
    """Training a predefined target from scratch for as many epochs takes less time than training the dense network."""
    arms = [observe(row, measures=("seconds",)) for row in rows]
    found = differences(arms, "dense", "scratch_e", "seconds")
    judge(mean_greater(found, names=("dense", "scratch_e"), unit="seconds"), paper="possibly less (p.10, no numbers)")

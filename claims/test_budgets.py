"""Section 4: what a longer training from scratch is worth."""

import pytest

from prunebench.claim import differences, paper_count
from prunebench.statistics import mean_at_least


@pytest.mark.claim("C04", table="4")
def test_slimming_longer_training_rarely_harms(rows, observe, judge):
    """Training from scratch for the same FLOPs is, on the mean over rows, at least as good as for the same epochs."""
    arms = [observe(row) for row in rows]
    verdict = mean_at_least(
        differences(arms, "scratch_b", "scratch_e"), arms[0].margin, names=("scratch_b", "scratch_e")
    )
    judge(verdict, paper=f"Scratch-B above Scratch-E in {paper_count(arms, 'scratch_b', 'scratch_e')}")

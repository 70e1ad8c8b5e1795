"""Appendix C: pruned classifiers as the backbones of detectors; what is compared is mean average precision."""

import pytest

from prunebench.judging.observed import differences, paper_count
from prunebench.statistics import every_greater


@pytest.mark.claim("C29", table="12")
def test_detection_from_scratch(row, observe, judge):
    """Detectors on small classifiers trained from scratch (same FLOPs) surpass those on pruned ones."""
    arms = observe(row)
    judge(
        arms.greater("scratch_b", "prune_c"),
        aside=[arms.greater("scratch_b", "prune_d"), arms.greater("scratch_e", "prune_c")],
    )


@pytest.mark.claim("C29", table="12")
def test_detection_pruning_the_classifier(rows, observe, judge):
    """Pruning the classifier before it becomes a detector is better than pruning the detector, in both rows."""
    arms = [observe(row) for row in rows]
    names = ("prune_c", "prune_d")
    judge(every_greater(differences(arms, *names), names=names), paper=paper_count(arms, names))

"""Appendix C: pruned classifiers as the backbones of detectors; what is compared is mean average precision."""

import pytest

from prunebench.judging.observed import differences, paper_count
from prunebench.statistics import every_at_least


@pytest.mark.claim("C29", table="12")
def test_detection_from_scratch(row, observe, judge):
    """Detectors on small classifiers trained from scratch (same FLOPs) do at least as well as on pruned ones."""
    arms = observe(row)
    after = arms.at_least("scratch_b", "prune_d")
    judge(arms.at_least("scratch_b", "prune_c"), aside=[after, arms.at_least("scratch_e", "prune_c")])


@pytest.mark.claim("C29", table="12")
def test_detection_pruning_the_classifier(rows, observe, judge):
    """Pruning the classifier before it becomes a detector does at least as well as pruning the detector."""
    arms = [observe(row) for row in rows]
    names = ("prune_c", "prune_d")
    judge(every_at_least(differences(arms, *names), arms[0].margin, names=names), paper=paper_count(arms, names))

"""The tests behind every verdict. Importing this costs nothing: numpy and scipy are imported when a test is made."""

from prunebench.statistics.chance import p_above_chance
from prunebench.statistics.counting import count_at_least
from prunebench.statistics.curves import Points, curve_at_least, curve_efficiency, curve_greater
from prunebench.statistics.deviation import within_std
from prunebench.statistics.dominance import none_dominates
from prunebench.statistics.multiplicity import holm, q_values
from prunebench.statistics.pairs import at_least, equivalent, greater
from prunebench.statistics.patterns import consistent, even, uneven
from prunebench.statistics.rankings import tau_greater
from prunebench.statistics.rows import (
    any_greater,
    every_at_least,
    every_equivalent,
    every_greater,
    mean_at_least,
    mean_equivalent,
    mean_greater,
)
from prunebench.statistics.samples import Difference, Sample, mean_over_rows, sample
from prunebench.statistics.trends import slope_below
from prunebench.statistics.verdict import WIDEST, Finding, State, Verdict, at_confidence

__all__ = [
    "WIDEST",
    "Difference",
    "Finding",
    "Points",
    "Sample",
    "State",
    "Verdict",
    "any_greater",
    "at_confidence",
    "at_least",
    "consistent",
    "count_at_least",
    "curve_at_least",
    "curve_efficiency",
    "curve_greater",
    "equivalent",
    "even",
    "every_at_least",
    "every_equivalent",
    "every_greater",
    "greater",
    "holm",
    "mean_at_least",
    "mean_equivalent",
    "mean_greater",
    "mean_over_rows",
    "none_dominates",
    "p_above_chance",
    "q_values",
    "sample",
    "slope_below",
    "tau_greater",
    "uneven",
    "within_std",
]

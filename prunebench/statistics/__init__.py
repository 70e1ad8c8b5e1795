"""The tests behind every verdict. Importing this costs nothing: numpy and scipy are imported when a test is made."""

from prunebench.statistics.curves import Points, curve_at_least, curve_efficiency, curve_equivalent, curve_greater
from prunebench.statistics.pairs import at_least, equivalent, greater
from prunebench.statistics.patterns import consistent, even, uneven
from prunebench.statistics.rankings import tau_greater
from prunebench.statistics.rows import (
    any_greater,
    count_at_least,
    every_at_least,
    every_equivalent,
    every_greater,
    holm,
    mean_at_least,
    mean_equivalent,
    mean_greater,
)
from prunebench.statistics.samples import Difference, Sample, sample
from prunebench.statistics.trends import slope_below
from prunebench.statistics.verdict import WIDEST, State, Verdict, at_confidence

__all__ = [
    "WIDEST",
    "Difference",
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
    "curve_equivalent",
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
    "sample",
    "slope_below",
    "tau_greater",
    "uneven",
]

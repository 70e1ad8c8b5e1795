"""Rows with their figures, and what is compared of them: arms of one row, differences over rows, curves."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from prunebench.judging.figures import MissingFigureError
from prunebench.judging.published import paper_difference, paper_sample
from prunebench.protocol.arms import same_start
from prunebench.protocol.tables import Row
from prunebench.records.parts import ArmFigures, Point, RowFigures
from prunebench.records.record import Record
from prunebench.statistics import Difference, Sample, Verdict, at_least, equivalent, greater, mean_over_rows, sample


@dataclass(frozen=True)
class Observed:
    """A row with its figures, ready to be compared.

    Attributes:
        row: of the paper, or made for another claim.
        figures: of the row's arms.
        margin: accuracy points by which an "at least" may fail and still count.
        record: of the row, without verdicts; None where it has none of its own.
        digests: of all outcomes behind the figures.
        used: names of the figures that were asked for so far: arms, `patterns`, `stages`, `parameters`.
    """

    row: Row
    figures: RowFigures
    margin: float
    record: Record | None = None
    digests: frozenset[str] = frozenset()
    used: set[str] = field(default_factory=set, compare=False)

    def __getitem__(self, arm: str) -> Sample:
        """Return an arm's accuracies of the last epoch over the seeds.

        Raises:
            MissingFigureError: there are none.
        """
        own = self._arm(arm)
        ours = sample(own.accuracy, self.figures.resolution, own.seeds)
        return replace(ours, paper=paper_sample(self.row, arm))

    def values(self, arm: str) -> list[float]:
        """Return an arm's accuracies of the last epoch, percent, in the order of the seeds.

        Raises:
            MissingFigureError: there are none.
        """
        return self._arm(arm).accuracy

    def measure(self, arm: str, name: str) -> Sample:
        """Return another measure of an arm over the seeds; it was asked for when the row was observed.

        Raises:
            MissingFigureError: there is none.
        """
        own = self._arm(arm)
        if name not in own.measures:
            raise MissingFigureError(f"{self.row.id} has no figure {name} of the arm {arm}")
        return sample(own.measures[name], seeds=own.seeds)

    def _arm(self, arm: str) -> ArmFigures:
        self.used.add(arm)
        if arm not in self.figures.arms:
            raise MissingFigureError(f"{self.row.id} has no figures of the arm {arm}")
        return self.figures.arms[arm]

    def outcomes(self, arm: str) -> tuple[str, ...]:
        """Return what an arm's figures are of, so that rows which share it can be told; the row where nobody knows."""
        return tuple(self._arm(arm).digests) or (self.row.id, arm)

    def at_least(self, a: str, b: str) -> Verdict:
        """Test "arm `a` is at least arm `b`" with the margin of the tier."""
        return at_least(self[a], self[b], self.margin, names=(a, b), paired=same_start(a, b))

    def greater(self, a: str, b: str, least: float = 0.0) -> Verdict:
        """Test "arm `a` is greater than arm `b`", by more than `least` points."""
        return greater(self[a], self[b], names=(a, b), least=least, paired=same_start(a, b))

    def equivalent(self, a: str, b: str) -> Verdict:
        """Test "arm `a` equals arm `b`" up to the margin of the tier."""
        return equivalent(self[a], self[b], self.margin, names=(a, b), paired=same_start(a, b))

    @property
    def dataset(self) -> str:
        """What stands for the row's dataset."""
        return self.figures.dataset

    @property
    def patterns(self) -> list[list[float]]:
        """By seed the share that each layer keeps, or for masks each place of the kernels of each stage."""
        return self._of_seeds("patterns", self.figures.patterns)

    @property
    def stages(self) -> list[list[float]]:
        """By seed the share of channels or weights that each stage keeps."""
        return self._of_seeds("stages", self.figures.stages)

    @property
    def parameters(self) -> float:
        """Parameters that pruning leaves, mean over the seeds."""
        (sizes,) = self._of_seeds("parameters", [list(map(float, self.figures.parameters))])
        if not sizes:
            raise MissingFigureError(f"{self.row.id} has no figure parameters")
        return sum(sizes) / len(sizes)

    def _of_seeds(self, name: str, found: list[list[float]]) -> list[list[float]]:
        self.used.add(name)
        if not found:
            raise MissingFigureError(f"{self.row.id} has no figures {name}")
        return found


def curve(observed: Iterable[Observed], arm: str) -> list[Point]:
    """Return an arm's accuracies over the parameters that are left, one point per row; equal sizes make one point."""
    points: dict[float, Point] = {}
    for row in observed:
        x = round(row.parameters, 1)
        points.setdefault(x, Point(x=x, y=row.values(arm)))
    return [points[x] for x in sorted(points)]


PARAMETERS = ["parameters", "test accuracy, %"]
"""Axes of the curves of Figs. 3, 5 and 6."""


def differences(observed: Iterable[Observed], a: str, b: str, measure: str = "") -> list[Difference]:
    """Return `a` - `b` of every row; rows that share all outcomes in this tier are one observation of that weight.

    Args:
        observed: rows.
        a: an arm.
        b: another one.
        measure: what is compared; by default the accuracy.
    """
    merged: dict[tuple[str, ...], Difference] = {}
    for row in observed:
        sides = (row.measure(a, measure), row.measure(b, measure)) if measure else (row[a], row[b])
        key = row.outcomes(a) + row.outcomes(b)
        same = merged.get(key, Difference(*sides, weight=0, paired=same_start(a, b)))
        paper = () if measure else paper_difference(row.row, a, b)
        merged[key] = replace(same, weight=same.weight + 1, paper=(*same.paper, *paper))
    return list(merged.values())


def mean_of(samples: Iterable[Sample]) -> Sample:
    """Return the mean of several samples, such as an arm of several methods, seed by seed.

    Raises:
        MissingFigureError: there is none, or the seeds of one are not known.
    """
    known = list(samples)
    mean = mean_over_rows([(1 / len(known), one) for one in known])
    if mean is None:
        raise MissingFigureError("a mean over methods needs the accuracies of each by seed")
    return mean


def gaps(observed: Observed, a: str, b: str) -> Sample:
    """Return `a` - `b` of each seed in one row; where seeds are not known, of the two means as if they were apart."""
    first, second = observed[a], observed[b]
    both = [seed for seed in first.by_seed if seed in second.by_seed]
    if both:
        of_seeds = [first.by_seed[seed] - second.by_seed[seed] for seed in both]
        return sample(of_seeds, observed.figures.resolution, both)
    return Sample(first.mean - second.mean, math.hypot(first.std, second.std), min(first.n, second.n))


def paper_count(observed: Iterable[Observed], *pairs: tuple[str, str], stds: int = 0) -> str:
    """Return in how many of the paper's comparisons the first arm lies above the second.

    Args:
        observed: rows.
        pairs: of arms, each compared in every row that the paper gives both of.
        stds: deviations of the second arm by which the first may be lower.
    """
    rows = [(row.row, a, b) for row in observed for a, b in pairs]
    known = [(_published(row, a), _published(row, b), row.paper.get(b)) for row, a, b in rows]
    told = [(a, b - stds * ((of and of.std) or 0)) for a, b, of in known if a is not None and b is not None]
    return f"{sum(a > b for a, b in told)} of {len(told)}"


def paper_curves(rows: Iterable[Row], first: str, second: str) -> str:
    """Return how two methods' curves of the paper's figure lie to each other, where both remove the same share.

    The figures are drawn over parameters, of which equal shares of the channels leave different numbers.
    """
    rows = list(rows)
    means = {(row.method, row.ratio): number.mean for row in rows for number in row.paper.values()}
    gaps = [mean - means[second, ratio] for (method, ratio), mean in means.items() if method == first]
    name, side = rows[0].table.removeprefix("f").split(".")
    above, mean = sum(gap > 0 for gap in gaps), sum(gaps) / len(gaps)
    return (
        f"Fig. {name} ({side}), equal shares removed: {first} above in {above} of {len(gaps)}, {mean:+.2f} on the mean"
    )


def _published(row: Row, arm: str) -> float | None:
    """Return the paper's mean of an arm, or its drop where the table has drops."""
    return row.drops[arm] if arm in row.drops else row.paper[arm].mean if arm in row.paper else None

"""Rows whose arms are trained, and what is compared of them: arms of one row, differences over rows, curves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from prunebench.judging.published import paper_difference, paper_sample
from prunebench.protocol.jobs import Job
from prunebench.protocol.tables import Row
from prunebench.records.parts import Point
from prunebench.records.record import Record
from prunebench.statistics import Difference, Sample, Verdict, at_least, equivalent, greater, sample


@dataclass(frozen=True)
class Observed:
    """A row whose arms are trained, ready to be compared.

    Attributes:
        job: what was trained.
        record: its record, without verdicts.
        digests: of all its outcomes.
    """

    job: Job
    record: Record
    digests: frozenset[str] = frozenset()

    def __getitem__(self, arm: str) -> Sample:
        """Return an arm's accuracies of the last epoch over the seeds."""
        own = self.record.arms[arm]
        ours = sample(own.accuracy, self.job.dataset.resolution, own.seeds)
        return replace(ours, paper=paper_sample(self.record, arm))

    def measure(self, arm: str, name: str) -> Sample:
        """Return another measure of an arm over the seeds; it was asked for when the row was observed."""
        own = self.record.arms[arm]
        return sample(own.measures[name], seeds=own.seeds)

    def at_least(self, a: str, b: str) -> Verdict:
        """Test "arm `a` is at least arm `b`" with the margin of the tier."""
        return at_least(self[a], self[b], self.margin, names=(a, b))

    def greater(self, a: str, b: str) -> Verdict:
        """Test "arm `a` is greater than arm `b`"."""
        return greater(self[a], self[b], names=(a, b))

    def equivalent(self, a: str, b: str) -> Verdict:
        """Test "arm `a` equals arm `b`" up to the margin of the tier."""
        return equivalent(self[a], self[b], self.margin, names=(a, b))

    @property
    def margin(self) -> float:
        """Accuracy points by which an "at least" may fail and still count."""
        return self.job.tier.margin

    @property
    def patterns(self) -> list[list[float]]:
        """By seed the share that each layer keeps, or for masks each place of the kernels of each stage."""
        layers = [[layer.kept / layer.total for layer in pruned.layers] for pruned in self.record.pruned]
        kernels = [[share for stage in pruned.kernels for share in stage] for pruned in self.record.pruned]
        return layers if any(layers) else kernels

    @property
    def stages(self) -> list[list[float]]:
        """By seed the share of channels or weights that each stage keeps."""
        return [pruned.stages for pruned in self.record.pruned]


def best(observed: Observed, arms: Sequence[str]) -> str:
    """Return the arm with the highest mean."""
    return max(arms, key=lambda arm: observed[arm].mean)


def curve(observed: Iterable[Observed], arm: str) -> list[Point]:
    """Return an arm's accuracies over the parameters that are left, one point per row; equal sizes make one point."""
    points: dict[float, Point] = {}
    for row in observed:
        sizes = [pruned.size.parameters for pruned in row.record.pruned]
        x = round(sum(sizes) / len(sizes), 1)
        points.setdefault(x, Point(x=x, y=row.record.arms[arm].accuracy))
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
        key = tuple(row.record.arms[a].digests + row.record.arms[b].digests)
        same = merged.get(key, Difference(*sides, weight=0))
        paper = () if measure else paper_difference(row.record, a, b)
        merged[key] = replace(same, weight=same.weight + 1, paper=(*same.paper, *paper))
    return list(merged.values())


def within_std(rows: Iterable[Difference]) -> list[Difference]:
    """Return the differences with each `a` lifted by one standard deviation of its `b`."""
    return [replace(row, a=row.a.raised(row.b.std), paper=tuple(within_std(row.paper))) for row in rows]


def paper_count(observed: Iterable[Observed], *pairs: tuple[str, str], stds: int = 0) -> str:
    """Return in how many of the paper's comparisons the first arm lies above the second.

    Args:
        observed: rows.
        pairs: of arms, each compared in every row that the paper gives both of.
        stds: deviations of the second arm by which the first may be lower.
    """
    rows = [(row.job.row, a, b) for row in observed for a, b in pairs]
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

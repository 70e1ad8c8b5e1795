"""Figures of the paper: what its own tables say of each claim, by the very tests that ours are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prunebench.datasets.catalogue import PAPER
from prunebench.judging.figures import MissingFigureError
from prunebench.judging.observed import Observed
from prunebench.judging.published import paper_sample
from prunebench.judging.settings import Settings
from prunebench.protocol.tables import Row
from prunebench.records.parts import RowFigures
from prunebench.statistics import Sample

_NAMES = {paper: ours for ours, paper in PAPER.items()}


@dataclass(frozen=True)
class Printed(Observed):
    """A row with what the paper prints of it: means, some with their spread over so many runs."""

    def __getitem__(self, arm: str) -> Sample:
        """Return what the paper has for an arm; a table of drops is compared by its drops.

        Raises:
            MissingFigureError: it has nothing.
        """
        self.used.add(arm)
        found = paper_sample(self.row, arm)
        if arm in self.row.drops:
            return Sample(self.row.drops[arm], 0.0, 1)
        if found is None:
            raise MissingFigureError(f"the paper has no number for the arm {arm} of row {self.row.id}")
        return found

    def values(self, arm: str) -> list[float]:
        """Return an arm's mean as the only value: a point of a figure has no spread.

        Raises:
            MissingFigureError: the paper has none.
        """
        return [self[arm].mean]

    def measure(self, arm: str, name: str) -> Sample:
        """Say that the paper has none.

        Raises:
            MissingFigureError: always.
        """
        raise MissingFigureError(f"the paper has no numbers of {name}; row {self.row.id}")

    def outcomes(self, arm: str) -> tuple[str, ...]:
        """Return the row and the arm: the paper's rows share no number."""
        return (self.row.id, arm)

    @property
    def patterns(self) -> list[list[float]]:
        """Say that the paper prints no run's pattern.

        Raises:
            MissingFigureError: always.
        """
        raise MissingFigureError(f"the paper prints means of patterns, of no single run; row {self.row.id}")

    stages = patterns

    @property
    def parameters(self) -> float:
        """Share of the weights that is left, which stands for their number: a figure's axis is not in numbers."""
        return 1 - self.row.ratio


class FromPaper:
    """The source that quotes."""

    helps = False

    def remedy(self, asker: str, tier: str) -> str:
        """Say nothing: the paper is printed."""
        return ""

    def observe(
        self, row: Row, arms: Sequence[str] | None, measures: Sequence[str], settings: Settings, asker: str
    ) -> Observed:
        """Return a row as the paper prints it; arguments and errors are those of `Source`."""
        if not row.paper and not row.drops:
            raise MissingFigureError(f"the paper has no numbers of row {row.id}")
        return Printed(
            row, RowFigures(dataset=_NAMES.get(row.dataset, row.dataset), resolution=0.0, arms={}), settings.tier.margin
        )

    def report(self, digests: set[str]) -> int:
        """Return 0: nothing is computed."""
        return 0

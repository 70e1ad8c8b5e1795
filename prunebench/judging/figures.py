"""Figures: what a claim asks of a row, whoever has them; and what to say where they are not there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

from prunebench.common.errors import PrunebenchError
from prunebench.datasets.catalogue import CATALOGUE
from prunebench.records.parts import ArmFigures, RowFigures
from prunebench.records.record import Record

if TYPE_CHECKING:
    from prunebench.judging.observed import Observed
    from prunebench.judging.settings import Settings
    from prunebench.protocol.tables import Row


class MissingFigureError(PrunebenchError):
    """A claim asks for a figure that its source does not have; the text names it."""


class Source(Protocol):
    """Where the figures of a claim come from; the claim does not know."""

    @property
    def helps(self) -> bool:
        """Whether this process only computes for the tests of others and judges nothing."""

    def remedy(self, asker: str, tier: str) -> str:
        """Return what to do where a figure is missing, as the end of a sentence; empty if nothing can be done."""

    def observe(
        self, row: Row, arms: Sequence[str] | None, measures: Sequence[str], settings: Settings, asker: str
    ) -> Observed:
        """Return a row with its figures.

        Args:
            row: of the paper, or made for another claim.
            arms: beside the trunk; None for those of the row's job.
            measures: what is asked beside the accuracy.
            settings: of the run, with the seeds that count now.
            asker: name of the record that the claim test would write.

        Raises:
            MissingFigureError: a figure is not there.
        """

    def report(self, digests: set[str]) -> int:
        """Return how many of these outcomes were computed by this run and reported by no test yet."""


def of_record(record: Record) -> RowFigures:
    """Return the figures of a row's record."""
    layers = [[layer.kept / layer.total for layer in pruned.layers] for pruned in record.pruned]
    kernels = [[share for stage in pruned.kernels for share in stage] for pruned in record.pruned]
    resolution, chance = _images(record)
    return RowFigures(
        dataset=_dataset(record),
        resolution=resolution,
        chance=chance,
        parameters=[pruned.size.parameters for pruned in record.pruned],
        patterns=layers if any(layers) else kernels,
        stages=[pruned.stages for pruned in record.pruned if pruned.stages],
        arms={
            name: ArmFigures(
                seeds=arm.seeds,
                accuracy=arm.accuracy,
                digests=arm.digests,
                measures={"seconds": arm.seconds, **arm.measures},
            )
            for name, arm in record.arms.items()
        },
    )


def _dataset(record: Record) -> str:
    return record.dataset.used.split(" ")[0]


def _images(record: Record) -> tuple[float, float]:
    """Return resolution and chance, which older records leave to the catalogue; 0 where that has no such dataset."""
    if record.resolution is not None:
        return record.resolution, record.chance
    known = CATALOGUE.get(_dataset(record))
    return (known.resolution, known.chance) if known else (0.0, 0.0)


def used_of(figures: RowFigures, names: Collection[str]) -> RowFigures:
    """Return the figures that a claim has used: of the arms, and of `patterns`, `stages` and `parameters`, by name."""
    kept = {arm: own for arm, own in figures.arms.items() if arm in names or arm == "dense"}
    unused: dict[str, list[object]] = {name: [] for name in ("patterns", "stages", "parameters") if name not in names}
    return figures.model_copy(update={"arms": kept, **unused})

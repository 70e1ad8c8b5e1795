"""Figures of a stated truth: drawn, with the spread and the correlations that a tier's records show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prunebench.judging.observed import Observed
from prunebench.judging.settings import Settings
from prunebench.judging.spread import Spread
from prunebench.protocol.jobs import BLOCKS
from prunebench.protocol.tables import Row
from prunebench.records.parts import ArmFigures, RowFigures

if TYPE_CHECKING:
    from numpy.random import Generator

BASE = 95.0
"""Accuracy in percent that every arm has where there is no effect."""

LAYERS = 8
"""Layers, or stages, of a drawn pattern."""

Group = tuple[str, str, str]
"""Method, setting, and arm or measure: what a claim compares is of different groups."""


@dataclass(frozen=True)
class Truth:
    """What is true of the rows that a claim asks for.

    Attributes:
        paper: how much of the paper's own differences is true: 1, 0 for none, -1 for their opposite.
        shifts: by group, points added to its mean, where the paper has no numbers.
        level: how uneven patterns are over stages, and how much they vary over seeds, in kept share.
    """

    paper: float = 0.0
    shifts: Mapping[Group, float] = field(default_factory=dict)
    level: float = 0.0


@dataclass
class FromTruth:
    """The source that draws.

    Attributes:
        truth: of which it draws.
        spread: of the tier.
        rng: of one draw; arms that share their outcomes in the tier share what is drawn.
        groups: of all figures that were asked for.
        lacking: whether an arm was asked for of which the paper has no number.
        patterned: whether patterns or stages were asked for.
    """

    truth: Truth
    spread: Spread
    rng: Generator
    groups: set[Group] = field(default_factory=set)
    lacking: bool = False
    patterned: bool = False
    drawn: dict[Any, Any] = field(default_factory=dict)
    helps: bool = False

    def remedy(self, asker: str, tier: str) -> str:
        """Say nothing: what is asked for is drawn."""
        return ""

    def report(self, digests: set[str]) -> int:
        """Return 0: nothing is computed."""
        return 0

    def observe(
        self, row: Row, arms: Sequence[str] | None, measures: Sequence[str], settings: Settings, asker: str
    ) -> Observed:
        """Return a row whose figures are drawn as they are asked for; arguments are those of `Source`."""
        figures = RowFigures.model_construct(
            dataset="imagenet", resolution=0.0, chance=0.0, parameters=[], patterns=[], stages=[], arms={}
        )
        return Drawn(row, figures, settings.tier.margin, source=self, seeds=len(settings.seeds))

    def normal(self, key: Any, count: int) -> Any:
        """Return standard normal numbers, the same ones for a key within one draw."""
        if key not in self.drawn:
            self.drawn[key] = self.rng.standard_normal(count)
        return self.drawn[key]


@dataclass(frozen=True)
class Drawn(Observed):
    """A row whose figures are drawn when a claim asks for them."""

    source: FromTruth = field(kw_only=True)
    seeds: int = field(kw_only=True)

    def _arm(self, arm: str) -> ArmFigures:
        self.used.add(arm)
        if arm not in self.figures.arms:
            self.figures.arms[arm] = ArmFigures.model_construct(
                seeds=list(range(self.seeds)),
                accuracy=list(map(float, self._accuracy(arm))),
                digests=self.source.spread.outcomes(self.row.id, arm),
                measures=_Measures(self, arm),
            )
        return self.figures.arms[arm]

    def _accuracy(self, arm: str) -> Any:
        spread = self.source.spread
        same = tuple(spread.outcomes(self.row.id, arm)) or (self.row.id, arm)
        noise = (
            spread.trunk**0.5 * self.source.normal(("trunk", self.row.dataset, self.row.network), self.seeds)
            + (spread.row - spread.trunk) ** 0.5 * self.source.normal(("row", self.row.id), self.seeds)
            + (1 - spread.row) ** 0.5 * self.source.normal(same, self.seeds)
        )
        return self._mean(arm) + spread.of(self.row.id, arm) * noise

    def _mean(self, arm: str) -> float:
        found = self.row.paper.get(arm)
        told = BASE + self.row.drops[arm] if arm in self.row.drops else found.mean if found else None
        self.source.lacking |= told is None
        group = (self.row.method, self.row.setting, arm)
        self.source.groups.add(group)
        effect = self.source.truth.paper * (told - BASE) if told is not None else 0.0
        return BASE + effect + self.source.truth.shifts.get(group, 0.0)

    def measured(self, arm: str, name: str) -> list[float]:
        """Return a drawn measure: 100 on the mean, in percent of what it usually is."""
        group = (self.row.method, self.row.setting, f"{arm} {name}")
        self.source.groups.add(group)
        self.source.lacking = True
        noise = self.source.normal((self.row.id, arm, name), self.seeds)
        return list(map(float, 100 + self.source.truth.shifts.get(group, 0.0) + self.source.spread.measures * noise))

    @property
    def patterns(self) -> list[list[float]]:
        """By seed the share that each layer keeps, which varies over seeds by the truth's level."""
        self.source.patterned = True
        noise = self.source.normal((self.row.id, "patterns"), self.seeds * LAYERS).reshape(self.seeds, LAYERS)
        return [[0.5 + self.source.truth.level * float(x) for x in seed] for seed in noise]

    @property
    def stages(self) -> list[list[float]]:
        """By seed the share that each of three stages keeps; they lie apart by the truth's level."""
        self.source.patterned = True
        noise = self.source.normal((self.row.id, "stages"), self.seeds * 3).reshape(self.seeds, 3)
        apart = [-0.5, 0.0, 0.5]
        width, level = self.source.spread.stages, self.source.truth.level
        return [[0.5 + level * a + width * float(x) for a, x in zip(apart, seed, strict=True)] for seed in noise]

    @property
    def parameters(self) -> float:
        """Parameters that pruning leaves: those of the tier's records, else as the share that is removed gives."""
        known = self.source.spread.parameters(self.row.id)
        if known:
            return known
        kept = 1 - BLOCKS.get(self.row.variant, self.row.ratio)
        whole = self.row.method in ("magnitude", "uniform_sparse", "guided_sparse", "transferred_sparse", "lottery")
        return 1e6 * (kept if whole else kept**2)


class _Measures(Mapping[str, list[float]]):
    """The measures of a drawn arm, by any name that is asked for."""

    def __init__(self, row: Drawn, arm: str) -> None:
        self._row, self._name = row, arm

    def __getitem__(self, name: str) -> list[float]:
        return self._row.measured(self._name, name)

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0

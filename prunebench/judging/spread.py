"""How much a tier's figures vary, and what they share: what its records show, pooled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from statistics import fmean

from prunebench.records.parts import ArmFigures, RowFigures

PRIOR = 4
"""Degrees of freedom that the pooled variance of an arm counts against a row's own, which has two from three seeds."""

USUAL = 0.5
"""Points that an arm varies by where a tier has no record at all: about the spread of the paper's tables."""


@dataclass(frozen=True)
class Spread:
    """What draws are made with.

    Attributes:
        arms: standard deviation over seeds of an arm in accuracy points, by arm; `*` for one that has no record.
        row: correlation of two arms of one row and seed.
        trunk: correlation of the same seed in rows that share the dense network.
        measures: standard deviation over seeds of other measures, in percent of their mean.
        stages: standard deviation over seeds of the share that a stage keeps.
        rows: figures of the records, by row.
    """

    arms: Mapping[str, float]
    row: float = 0.0
    trunk: float = 0.0
    measures: float = 2.0
    stages: float = 0.02
    rows: Mapping[str, RowFigures] = field(default_factory=dict, repr=False)

    def of(self, row: str, arm: str) -> float:
        """Return the standard deviation of an arm in a row: its own, drawn towards that of the arm in all rows."""
        pooled = self.arms.get(arm, self.arms["*"])
        own = _deviations(self.rows[row].arms[arm]) if row in self.rows and arm in self.rows[row].arms else []
        if len(own) < 2:
            return pooled
        return float(((sum(d * d for d in own) + PRIOR * pooled**2) / (len(own) - 1 + PRIOR)) ** 0.5)

    def outcomes(self, row: str, arm: str) -> list[str]:
        """Return the digests of an arm in a row, by which rows that share it are known; empty where nobody knows."""
        found = self.rows.get(row)
        return found.arms[arm].digests if found and arm in found.arms else []

    def parameters(self, row: str) -> float:
        """Return the parameters that pruning leaves of a row, mean over seeds; 0 where nobody knows."""
        found = self.rows.get(row)
        return fmean(found.parameters) if found and found.parameters else 0.0


def spread_of(rows: Mapping[str, RowFigures]) -> Spread:
    """Return the spread of a tier from the figures of its rows, by id."""
    pooled: dict[str, list[tuple[float, int]]] = {}
    for figures in rows.values():
        for name, arm in figures.arms.items():
            if len(arm.accuracy) > 1:
                own = _deviations(arm)
                pooled.setdefault(name, []).append((sum(d * d for d in own), len(own) - 1))
    arms = {name: _root(parts) for name, parts in pooled.items()}
    every = [part for parts in pooled.values() for part in parts]
    arms["*"] = _root(every) if every else USUAL
    within, across = _correlation(_within(rows.values())), _correlation(_across(rows.values()))
    row = min(max(within, 0.0), 0.95)
    return Spread(arms, row, min(max(across, 0.0), row), rows=rows)


def _root(parts: Iterable[tuple[float, int]]) -> float:
    squares, freedom = (sum(column) for column in zip(*parts, strict=True))
    return max(float((squares / freedom) ** 0.5), 1e-3)


def _deviations(arm: ArmFigures) -> list[float]:
    if not arm.accuracy:
        return []
    mean = fmean(arm.accuracy)
    return [value - mean for value in arm.accuracy]


def _within(rows: Iterable[RowFigures]) -> Iterator[tuple[list[float], list[float]]]:
    """Yield the deviations of two arms of one row, which are of different outcomes."""
    for figures in rows:
        arms = [arm for name, arm in figures.arms.items() if name not in ("dense", "sparse", "pruned")]
        for a, b in combinations(arms, 2):
            if a.seeds == b.seeds and a.digests != b.digests:
                yield _deviations(a), _deviations(b)


def _across(rows: Iterable[RowFigures]) -> Iterator[tuple[list[float], list[float]]]:
    """Yield the deviations of the fine-tuned arms of two rows that share their dense network."""
    by_dense: dict[tuple[str, ...], list[ArmFigures]] = {}
    for figures in rows:
        dense = figures.arms.get("dense")
        for name in ("finetune", "scratch_b", "random_ticket"):
            if dense and dense.digests and name in figures.arms:
                by_dense.setdefault((name, *dense.digests), []).append(figures.arms[name])
    for several in by_dense.values():
        for a, b in combinations(several, 2):
            if a.seeds == b.seeds and a.digests != b.digests:
                yield _deviations(a), _deviations(b)


def _correlation(pairs: Iterable[tuple[list[float], list[float]]]) -> float:
    """Return the pooled correlation of paired deviations; 0 of none."""
    products = first = second = 0.0
    for a, b in pairs:
        products += sum(x * y for x, y in zip(a, b, strict=True))
        first, second = first + sum(x * x for x in a), second + sum(y * y for y in b)
    return float(products / (first * second) ** 0.5) if first * second > 1e-12 else 0.0

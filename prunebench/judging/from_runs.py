"""Figures of runs: what a row still lacks is trained, what the store has is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from prunebench.judging.figures import of_record
from prunebench.judging.measures import measured
from prunebench.judging.observation import observe, specs
from prunebench.judging.observed import Observed
from prunebench.judging.published import agreement
from prunebench.judging.settings import Settings
from prunebench.protocol.assignment import candidate, job
from prunebench.protocol.jobs import Job
from prunebench.protocol.tables import Row
from prunebench.records.record import Record
from prunebench.runner.local import Runner
from prunebench.runner.workshop import Piece
from prunebench.specs.experiment import digest


@dataclass
class FromRuns:
    """The source that trains.

    Attributes:
        runner: computes what is missing.
        memory: what other tests of this process observed; a finished row is derived once.
    """

    runner: Runner
    memory: dict[Any, Observed] = field(default_factory=dict)

    @property
    def helps(self) -> bool:
        """Whether it computes for the tests of others, and judges nothing."""
        return self.runner.helps

    def remedy(self, asker: str, tier: str) -> str:
        """Say nothing: what is missing is trained."""
        return ""

    def observe(
        self, row: Row, arms: Sequence[str] | None, measures: Sequence[str], settings: Settings, asker: str
    ) -> Observed:
        """Train whatever a row still lacks, and return its figures; arguments are those of `Source`."""
        work = _job(row, settings)
        arms = work.arms if arms is None else arms
        key = (work.row.id, work.row.setting, work.pruning(0), tuple(arms), tuple(measures), settings.seeds)
        if key not in self.memory:
            digests = self._computed(work, arms, settings)
            record = self._derived(work, arms, measures, settings)
            self.memory[key] = Observed(work.row, of_record(record), settings.tier.margin, record, digests)
        return replace(self.memory[key], used=set())

    def recorded(self, row: Row, arms: Sequence[str], settings: Settings) -> Record:
        """Train whatever a row still lacks, and return its record, without verdicts."""
        work = _job(row, settings)
        self._computed(work, arms, settings)
        return self._derived(work, arms, (), settings)

    def _computed(self, work: Job, arms: Sequence[str], settings: Settings) -> frozenset[str]:
        """Compute what a row lacks, and return the digests of all its outcomes."""

        def pieces() -> list[Piece]:
            known = {seed: specs(work, seed, arms, self.runner.store) for seed in settings.seeds}
            return [Piece(s, work.row.network, arm, seed) for seed, by in known.items() for arm, s in by.items()]

        self.runner.run(pieces)
        return frozenset(digest(piece.spec) for piece in pieces())

    def _derived(self, work: Job, arms: Sequence[str], measures: Sequence[str], settings: Settings) -> Record:
        store = self.runner.store
        record = observe(work, settings.seeds, arms, store, settings.twins(work))
        record = record.model_copy(update={"agreement": agreement(work, record)})
        return measured(work, record, store, measures) if measures else record

    def report(self, digests: set[str]) -> int:
        """Return how many of these outcomes this run computed and no test has reported yet."""
        return self.runner.report(digests)


def _job(row: Row, settings: Settings) -> Job:
    if row.method != "candidate":
        return job(row, settings.tier)
    return candidate(row, settings.tier, settings.reference)

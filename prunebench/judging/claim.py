"""A claim at work: rows are observed, compared, judged, and what was found becomes records."""

from __future__ import annotations

import errno
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prunebench.common.folders import write_whole
from prunebench.judging.measures import measured
from prunebench.judging.observation import observe, specs
from prunebench.judging.observed import PARAMETERS, Observed
from prunebench.judging.published import agreement, verdict_record
from prunebench.judging.settings import Settings
from prunebench.protocol.assignment import candidate, job
from prunebench.protocol.jobs import Job
from prunebench.protocol.tables import Row
from prunebench.records.parts import Point, VerdictRecord
from prunebench.records.record import AnyRecord, ClaimRecord, dump, name_of
from prunebench.runner.local import Runner
from prunebench.runner.workshop import Piece
from prunebench.specs.experiment import PROTOCOL, digest
from prunebench.statistics import State, Verdict
from prunebench.store.store import unwritable


@dataclass(frozen=True)
class Finding:
    """What one claim test found, and what it cost.

    Attributes:
        record: with its verdicts.
        path: where the record was written.
        computed: outcomes that this test had to compute.
        stored: outcomes that it found in the store.
        seconds: wall time.
    """

    record: AnyRecord
    path: Path
    computed: int
    stored: int
    seconds: float

    def as_property(self) -> dict[str, Any]:
        """Return it as plain data that travels from a worker to the parent; the record stays in its file."""
        return {
            "path": str(self.path),
            "computed": self.computed,
            "stored": self.stored,
            "seconds": round(self.seconds, 1),
        }


@dataclass
class Case:
    """One claim test: what it observes goes through here, and what it finds is written down.

    Attributes:
        settings: of the run.
        runner: computes what is missing.
        claim: id of the claim, `control` or `candidate`.
        name: of the test; the record of a claim over many rows goes by it.
        statement: the claim in our words.
        section: of the paper, or `controls` or `candidates`.
        one_row: whether it judges a single row, whose record then carries the verdict.
        memory: what other tests of this process observed; a finished row is derived once.
        observed: the rows seen so far, by id.
        specs: digests of all outcomes seen so far.
        began: when, by the monotonic clock.
    """

    settings: Settings
    runner: Runner
    claim: str
    name: str
    statement: str
    section: str
    one_row: bool
    memory: dict[Any, Observed] = field(default_factory=dict)
    observed: dict[str, Observed] = field(default_factory=dict)
    specs: set[str] = field(default_factory=set)
    began: float = field(default_factory=time.monotonic)

    def observe(self, row: Row, arms: Sequence[str] | None = None, measures: Sequence[str] = ()) -> Observed:
        """Train whatever a row still lacks, and return its arms.

        Args:
            row: of the paper, or made for another claim.
            arms: beside the trunk, names in `ARMS`; by default those of its job.
            measures: what is measured beside the accuracy, names in `MEASURES`.
        """
        work = self._job(row)
        arms = work.arms if arms is None else arms

        def pieces() -> list[Piece]:
            known = {seed: specs(work, seed, arms, self.runner.store) for seed in self.settings.seeds}
            return [Piece(s, work.row.network, arm, seed) for seed, by in known.items() for arm, s in by.items()]

        key = (work.row.id, work.row.setting, work.pruning(0), tuple(arms), tuple(measures), self.settings.seeds)
        if key not in self.memory:
            self.runner.run(pieces)
            self.memory[key] = self._derived(work, arms, measures, frozenset(digest(piece.spec) for piece in pieces()))
        self.specs |= self.memory[key].digests
        return self.observed.setdefault(work.row.id, self.memory[key])

    def _derived(self, work: Job, arms: Sequence[str], measures: Sequence[str], digests: frozenset[str]) -> Observed:
        store = self.runner.store
        record = observe(work, self.settings.seeds, arms, store, self.settings.twins(work))
        record = record.model_copy(update={"agreement": agreement(work, record)})
        return Observed(work, measured(work, record, store, measures) if measures else record, digests)

    def _job(self, row: Row) -> Job:
        if row.method != "candidate":
            return job(row, self.settings.tier)
        return candidate(row, self.settings.tier, self.settings.reference)

    def conclude(
        self,
        verdict: Verdict,
        aside: Sequence[Verdict] = (),
        paper: str = "",
        expect: Sequence[State] = ("SUPPORTED",),
        curves: Mapping[str, list[Point]] | None = None,
        axes: Sequence[str] = PARAMETERS,
    ) -> Finding:
        """Write down what was found: in the record of the row, or in one of the claim if it speaks of many rows.

        Args:
            verdict: the one that decides.
            aside: further comparisons, to be shown.
            paper: what the paper reports, for a claim over many rows.
            expect: states that the test passes with.
            curves: by name, what was compared, if that is curves.
            axes: what their x and y are.
        """
        alone = self.one_row and len(self.observed) == 1
        verdicts = [verdict_record(self.claim, v, alone) for v in (verdict, *aside)]
        if alone:
            (only,) = self.observed.values()
            record: AnyRecord = only.record.model_copy(update={"verdicts": verdicts, "command": self._command()})
        else:
            drawn = {"curves": curves, "axes": list(axes)} if curves else {}
            record = self._claim_record(verdicts, paper, expect).model_copy(update=drawn)
        computed = self.runner.report(self.specs)
        seconds = time.monotonic() - self.began
        return Finding(record, write(record, self.settings.data), computed, len(self.specs) - computed, seconds)

    def _claim_record(self, verdicts: Sequence[VerdictRecord], paper: str, expected: Sequence[State]) -> ClaimRecord:
        return ClaimRecord(
            protocol=PROTOCOL,
            name=self.name,
            claim=self.claim,
            statement=self.statement,
            section=self.section,
            tier=self.settings.tier.name,
            paper=paper,
            rows=list(self.observed),
            verdict=verdicts[0],
            aside=list(verdicts[1:]),
            control=self.claim == "control",
            expected=list(expected),
            command=self._command(),
        )

    def _command(self) -> str:
        """Return what repeats this one test."""
        return self.settings.command(f"test_{self.name.replace('.', ' and ', 1)}")


def statement(docstring: str | None) -> str:
    """Return the claim in our words: the first paragraph of its test's docstring."""
    return (docstring or "").split("\n\n")[0].replace("\n", " ")


def write(record: AnyRecord, data: Path) -> Path:
    """Write a record to `records/<tier>/<name>.json` below `data`, unless it stands there already; return its place.

    Where nothing may be written there, such as in somebody else's store, it goes to a temporary folder, with a warning.

    Raises:
        StoreError: it cannot be written, because the disk is full, say.
    """
    path = data / "records" / record.tier / f"{name_of(record)}.json"
    text = dump(record)
    if path.exists() and path.read_text() == text:
        return path
    try:
        write_whole(path, text, lasting=True)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise unwritable(data, error) from error
        path = Path(tempfile.mkdtemp(prefix="prunebench-record-")) / path.name
        write_whole(path, text)
        warnings.warn(f"nothing may be written to {data}; the record is in {path}", stacklevel=2)
    return path

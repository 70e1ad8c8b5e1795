"""A claim at work: rows are observed, compared, judged, and what was found becomes records."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from prunebench.experiment import PROTOCOL, digest
from prunebench.jobs import Job, candidate, job
from prunebench.observation import observe, specs
from prunebench.parts import VerdictRecord
from prunebench.record import AnyRecord, ClaimRecord, Record, dump, name_of
from prunebench.runner.local import Piece, Runner
from prunebench.settings import Settings
from prunebench.statistics import Difference, Sample, State, Verdict, at_least, sample
from prunebench.store import unwritable
from prunebench.tables import Row, load


@dataclass(frozen=True)
class Observed:
    """A row whose arms are trained, ready to be compared.

    Attributes:
        job: what was trained.
        record: its record, without verdicts.
    """

    job: Job
    record: Record

    def __getitem__(self, arm: str) -> Sample:
        """Return an arm's accuracies of the last epoch over the seeds."""
        return sample(self.record.arms[arm].accuracy, self.job.dataset.resolution)

    def at_least(self, a: str, b: str) -> Verdict:
        """Test "arm `a` is at least arm `b`" with the margin of the tier."""
        return at_least(self[a], self[b], self.job.tier.margin, self.job.tier.confidence, (a, b))

    @property
    def margin(self) -> float:
        """Accuracy points by which an "at least" may fail and still count."""
        return self.job.tier.margin


def differences(observed: Iterable[Observed], a: str, b: str) -> list[Difference]:
    """Return `a` - `b` of every row; rows that share all outcomes in this tier are one observation of that weight."""
    merged: dict[tuple[str, ...], Difference] = {}
    for row in observed:
        key = tuple(row.record.arms[a].digests + row.record.arms[b].digests)
        weight = merged[key].weight + 1 if key in merged else 1
        merged[key] = Difference(row[a], row[b], weight)
    return list(merged.values())


def within_std(rows: Iterable[Difference]) -> list[Difference]:
    """Return the differences with each `a` lifted by one standard deviation of its `b`."""
    return [replace(row, a=replace(row.a, mean=row.a.mean + row.b.std)) for row in rows]


def paper_count(observed: Sequence[Observed], a: str, b: str, stds: int = 0) -> str:
    """Return in how many rows of the paper the mean of `a` lies above that of `b`, less `stds` of its deviations."""
    papers = [row.record.paper for row in observed]
    above = sum(paper[a].mean > paper[b].mean - stds * (paper[b].std or 0) for paper in papers)
    return f"{above} of {len(papers)}"


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
        claim: id of the claim, or `control`.
        name: of the test; the record of a claim over many rows goes by it.
        statement: the claim in our words.
        section: of the paper.
        one_row: whether it judges a single row, whose record then carries the verdict.
        observed: the rows seen so far, by id.
        specs: digests of all outcomes seen so far.
    """

    settings: Settings
    runner: Runner
    claim: str
    name: str
    statement: str
    section: str
    one_row: bool
    observed: dict[str, Observed] = field(default_factory=dict)
    specs: set[str] = field(default_factory=set)
    began: float = field(default_factory=time.monotonic)

    def observe(self, row: Row, arms: Sequence[str] = ()) -> Observed:
        """Train whatever a row still lacks, and return its arms; by default those of its table."""
        work = self._job(row)
        arms = arms or work.arms

        def pieces() -> list[Piece]:
            known = {seed: specs(work, seed, arms, self.runner.store) for seed in self.settings.seeds}
            return [Piece(s, work.row.network, arm, seed) for seed, by in known.items() for arm, s in by.items()]

        self.runner.run(pieces)
        self.specs |= {digest(piece.spec) for piece in pieces()}
        command = self.settings.command(work.row.id)
        record = observe(work, self.settings.seeds, arms, self.runner.store, command, twins(work))
        return self.observed.setdefault(work.row.id, Observed(work, record))

    def _job(self, row: Row) -> Job:
        if row.method != "candidate":
            return job(row, self.settings.tier)
        return candidate(row, self.settings.tier, self.settings.reference)

    def conclude(
        self, verdict: Verdict, aside: Sequence[Verdict], paper: str, expected: Sequence[State] = ("SUPPORTED",)
    ) -> Finding:
        """Write down what was found: in the record of the row, or in one of the claim if it speaks of many rows.

        Args:
            verdict: the one that decides.
            aside: further comparisons, to be shown.
            paper: what the paper reports, for a claim over many rows.
            expected: states that the test passes with.
        """
        verdicts = [VerdictRecord(claim=self.claim, **{**asdict(v), "n": list(v.n)}) for v in (verdict, *aside)]
        if self.one_row:
            (only,) = self.observed.values()
            record: AnyRecord = only.record.model_copy(update={"verdicts": verdicts})
        else:
            record = self._claim_record(verdicts[0], paper, expected)
        computed = len(self.runner.computed & self.specs)
        self.runner.computed -= self.specs
        seconds = time.monotonic() - self.began
        return Finding(record, write(record, self.settings.data), computed, len(self.specs) - computed, seconds)

    def _claim_record(self, verdict: VerdictRecord, paper: str, expected: Sequence[State]) -> ClaimRecord:
        return ClaimRecord(
            protocol=PROTOCOL,
            name=self.name,
            claim=self.claim,
            statement=self.statement,
            section=self.section,
            tier=self.settings.tier.name,
            paper=paper,
            rows=list(self.observed),
            verdict=verdict,
            control=self.claim == "control",
            expected=list(expected),
            command=self.settings.command(self.name),
        )


def twins(work: Job) -> list[str]:
    """Return the ids of the other rows that come to the very same specs in this tier."""
    mine = work.pruning(0)
    alike = [row for row in load().rows.values() if row.method == work.row.method and row.network in work.tier.networks]
    return [row.id for row in alike if row.id != work.row.id and job(row, work.tier).pruning(0) == mine]


def write(record: AnyRecord, data: Path) -> Path:
    """Write a record to `records/<tier>/<name>.json` below `data`, unless it stands there already; return its place.

    Raises:
        StoreError: it cannot be written.
    """
    path = data / "records" / record.tier / f"{name_of(record)}.json"
    text = dump(record)
    if path.exists() and path.read_text() == text:
        return path
    beside = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text)
        beside.replace(path)
    except OSError as error:
        raise unwritable(data, error) from error
    return path

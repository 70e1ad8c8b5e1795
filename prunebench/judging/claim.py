"""A claim at work: rows are observed, compared, judged, and what was found becomes records."""

from __future__ import annotations

import errno
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from prunebench.common.folders import write_whole
from prunebench.judging.figures import Source, used_of
from prunebench.judging.observed import PARAMETERS, Observed
from prunebench.judging.published import verdict_record
from prunebench.judging.settings import Settings
from prunebench.judging.telling import discriminates
from prunebench.judging.unfit import NOTHING, UnfitError, fair, reasons
from prunebench.protocol.tables import Row
from prunebench.records.parts import Point, VerdictRecord
from prunebench.records.record import AnyRecord, ClaimRecord, dump, name_of
from prunebench.specs.experiment import PROTOCOL
from prunebench.statistics import State, Verdict
from prunebench.statistics.verdict import Question
from prunebench.store.store import unwritable


@dataclass(frozen=True)
class Conclusion:
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
        source: of its figures.
        claim: id of the claim, `control` or `candidate`.
        name: of the test; the record of a claim over many rows goes by it.
        statement: the claim in our words.
        section: of the paper, or `controls` or `candidates`.
        one_row: whether it judges a single row, whose record then carries the verdict.
        observed: the rows seen so far, by id.
        specs: digests of all outcomes seen so far.
        began: when, by the monotonic clock.
    """

    settings: Settings
    source: Source
    claim: str
    name: str
    statement: str
    section: str
    one_row: bool
    observed: dict[str, Observed] = field(default_factory=dict)
    specs: set[str] = field(default_factory=set)
    began: float = field(default_factory=time.monotonic)

    def observe(self, row: Row, arms: Sequence[str] | None = None, measures: Sequence[str] = ()) -> Observed:
        """Return a row with its figures, from wherever they come.

        Args:
            row: of the paper, or made for another claim.
            arms: beside the trunk, names in `ARMS`; by default those of its job.
            measures: what is asked beside the accuracy, names in `MEASURES`.

        Raises:
            MissingFigureError: the source does not have them.
            UnfitError: it is a candidate whose dense network has not left chance.
        """
        asker = row.id if self.one_row else self.name
        if self.claim == "candidate":
            self._has_left_chance(row, asker)
        found = self.source.observe(row, arms, measures, self.settings, asker)
        self.specs |= found.digests
        known = self.observed.get(found.row.id)
        if known is not None:
            both = {**known.figures.arms, **found.figures.arms}
            found = replace(found, figures=found.figures.model_copy(update={"arms": both}), used=known.used)
        self.observed[found.row.id] = found
        return found

    def _has_left_chance(self, row: Row, asker: str) -> None:
        """Look at a candidate's dense network before its arms are trained.

        Raises:
            UnfitError: it compares nothing.
        """
        trunk = self.source.observe(row, (), (), self.settings, asker)
        if found := list(reasons(trunk, ())):
            self.specs |= trunk.digests
            self.observed[trunk.row.id] = trunk
            raise UnfitError("; ".join(found))

    def nothing(self, error: UnfitError) -> Verdict:
        """Return the verdict on a candidate whose arms were not trained."""
        question = Question("scratch_b at least finetune", "scratch_b - finetune", self.settings.tier.margin)
        return question.open(0.0, (0, 0), f"{NOTHING}{error}. Its arms were not trained.")

    def fair(self, verdict: Verdict, of: Sequence[Observed] | None = None) -> Verdict:
        """Return a verdict, INCONCLUSIVE where what it is of compares nothing; a control plants its bad arm itself.

        Args:
            verdict: of this test.
            of: rows that must compare something, each for itself; all that were observed unless said.
        """
        if self.claim == "control":
            return verdict
        found = fair(verdict, self.observed.values() if of is None else of)
        left = len(self.observed) - len(of) if of else 0
        told = f" {left} of {len(self.observed)} rows are left out, as they compare nothing."
        return replace(found, reason=found.reason + told) if left and told not in found.reason else found

    def conclude(self, verdict: Verdict, **told: Any) -> Conclusion:
        """Write down what was found; arguments are those of `recorded`."""
        record = self.recorded(verdict, **told)
        computed = self.source.report(self.specs)
        seconds = time.monotonic() - self.began
        path = write(record, self.settings.folder)
        return Conclusion(record, path, computed, len(self.specs) - computed, seconds)

    def recorded(
        self,
        verdict: Verdict,
        aside: Sequence[Verdict] = (),
        paper: str = "",
        expect: Sequence[State] = ("SUPPORTED",),
        curves: Mapping[str, list[Point]] | None = None,
        axes: Sequence[str] = PARAMETERS,
        of: Sequence[Observed] | None = None,
    ) -> AnyRecord:
        """Return what was found, unwritten: the record of the row, or one of the claim if it speaks of many rows.

        Args:
            verdict: the one that decides.
            aside: further comparisons, to be shown.
            paper: what the paper reports, for a claim over many rows.
            expect: states that the test passes with.
            curves: by name, what was compared, if that is curves.
            axes: what their x and y are.
            of: as in `fair`.
        """
        alone = self.one_row and len(self.observed) == 1
        verdicts = [verdict_record(self.claim, self.fair(v, of), alone) for v in (verdict, *aside)]
        can = discriminates(self.settings.tier.name, self._name, verdict.relation)
        verdicts[0] = verdicts[0].model_copy(update={"discriminates": can})
        only = next(iter(self.observed.values()), None)
        if alone and only and only.record:
            return only.record.model_copy(update={"verdicts": verdicts, "command": self._command()})
        drawn = {"curves": curves, "axes": list(axes)} if curves else {}
        return self._claim_record(verdicts, paper, expect).model_copy(update=drawn)

    def _claim_record(self, verdicts: Sequence[VerdictRecord], paper: str, expected: Sequence[State]) -> ClaimRecord:
        return ClaimRecord(
            protocol=PROTOCOL,
            name=self._name,
            claim=self.claim,
            statement=self.statement,
            section=self.section,
            tier=self.settings.tier.name,
            paper=paper,
            rows=list(self.observed),
            figures={name: used_of(row.figures, row.used) for name, row in self.observed.items() if row.figures.arms},
            verdict=verdicts[0],
            aside=list(verdicts[1:]),
            control=self.claim == "control",
            expected=list(expected),
            command=self._command(),
        )

    @property
    def _name(self) -> str:
        """Name of the record: the row's, of a claim on one row, else that of the test."""
        return next(iter(self.observed)) if self.one_row and len(self.observed) == 1 else self.name

    def _command(self) -> str:
        """Return what repeats this one test."""
        return self.settings.command(f"test_{self.name.replace('.', ' and ', 1)}")


def statement(docstring: str | None) -> str:
    """Return the claim in our words: the first paragraph of its test's docstring."""
    return (docstring or "").split("\n\n")[0].replace("\n", " ")


def write(record: AnyRecord, folder: Path) -> Path:
    """Write a record to `<tier>/<name>.json` below a folder, unless it stands there already; return its place.

    Where nothing may be written there, such as in somebody else's store, it goes to a temporary folder, with a warning.

    Raises:
        StoreError: it cannot be written, because the disk is full, say.
    """
    path = folder / record.tier / f"{name_of(record)}.json"
    text = dump(record)
    if path.exists() and path.read_text() == text:
        return path
    try:
        write_whole(path, text, lasting=True)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise unwritable(folder, error) from error
        path = Path(tempfile.mkdtemp(prefix="prunebench-record-")) / path.name
        write_whole(path, text)
        warnings.warn(f"nothing may be written to {folder}; the record is in {path}", stacklevel=2)
    return path

"""A submission is checked: what its files are, what their numbers give, and what they change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prunebench.common.errors import PrunebenchError
from prunebench.judging.rederive import contradictions, inconsistencies, rederive
from prunebench.judging.retest import NotRederivableError, on_curves, on_numbers, on_sides
from prunebench.records.parts import VerdictRecord
from prunebench.records.record import AnyRecord, ClaimRecord, Record
from prunebench.statistics import Verdict

from .changes import Change, changes, published, unexplained
from .checks import faults
from .submission import Fault, Submission, key_of, read

RESULTS = Path("leaderboard/results")
"""Where published records lie, from the root of the repository."""


@dataclass
class Report:
    """What was found.

    Attributes:
        files: how many were read.
        faults: by file; a submission with one is not to be merged.
        unknown: by file, verdicts that cannot be derived again, with the reason.
        changes: of the published records; None where there was nothing to compare with.
    """

    files: int
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    unknown: dict[str, list[str]] = field(default_factory=dict)
    changes: list[Change] | None = None

    @property
    def valid(self) -> bool:
        """Whether there is no fault."""
        return not self.faults


def validate(paths: Sequence[Path], against: str | None = None) -> Report:
    """Check record files, and folders of them.

    Args:
        paths: a folder is taken for all that is submitted, so that a published record which it lacks is removed.
        against: folder or git ref of the published records.

    Raises:
        PrunebenchError: a path or `against` does not exist.
    """
    submission = read(paths)
    report = Report(len(submission.faults))
    found = {file: list(faults) for file, faults in submission.faults.items()}
    submission.context = {key: record for key, record in submission.context.items() if not any(faults(record))}
    for file, record in submission.records.items():
        found[file] += faults(record)
        wrong, unknown = _verdicts(record, submission)
        found[file] += wrong
        if unknown:
            report.unknown[str(file)] = unknown
    if against is not None:
        folder = paths[0] if paths[0].is_dir() else paths[0].parent.parent
        _compare(submission, published(against, folder), any(map(Path.is_dir, paths)), found, report)
    report.faults = {str(file): wrong for file, wrong in found.items() if wrong}
    return report


def _verdicts(record: AnyRecord, submission: Submission) -> tuple[list[Fault], list[str]]:
    """Return what is wrong with the verdicts of a record, and why some of them cannot be derived again."""
    wrong: list[Fault] = []
    unknown: list[str] = []
    for verdict in record.verdicts if isinstance(record, Record) else [record.verdict, *record.aside]:
        said = inconsistencies(verdict)
        try:
            said += contradictions(verdict, _anew(verdict, record, submission))
        except PrunebenchError as error:
            unknown.append(str(error))
        valid = "a verdict that follows from the accuracies"
        wrong += [Fault(f"{verdict.relation[:200]!r}: {line}", valid) for line in said]
    return wrong, unknown


def _anew(verdict: VerdictRecord, record: AnyRecord, submission: Submission) -> Verdict:
    """Return a verdict as the record's own curves give it, or else its numbers, its rows' records or its sides."""
    if isinstance(record, ClaimRecord) and (found := on_curves(verdict, record)):
        return found
    if verdict.numbers:
        return on_numbers(verdict)
    try:
        return rederive(verdict, _rows(record, submission))
    except NotRederivableError:
        if verdict.sides:
            return on_sides(verdict)
        raise


def _rows(record: AnyRecord, submission: Submission) -> list[Record]:
    names = [record.row] if isinstance(record, Record) else record.rows
    if missing := [row for row in names if (record.tier, row) not in submission.context]:
        raise NotRederivableError(f"the records of {', '.join(missing)[:200]} are not in this folder, or have faults")
    return [submission.context[record.tier, row] for row in names]


def _compare(
    submission: Submission, before: dict[str, AnyRecord], complete: bool, found: dict[Path, list[Fault]], report: Report
) -> None:
    submitted = {key_of(record): record for record in submission.records.values()}
    report.changes = changes(submitted, before, complete)
    for file, record in submission.records.items():
        found[file] += unexplained(key_of(record), submitted, before)
    for change in report.changes:
        if change.kind == "removed":
            todo = "restore it; what is doubted is listed in leaderboard/challenges.yaml"
            found[Path(f"{change.name}.json")] = [Fault("is published and was removed", "every published record", todo)]

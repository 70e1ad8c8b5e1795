"""A submission is checked: what its files are, what their numbers give, and what they change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prunebench.common.errors import PrunebenchError
from prunebench.judging.again import judged_again, sources
from prunebench.judging.comparison import contradictions, inconsistencies, verdicts_of
from prunebench.judging.from_records import FromRecords
from prunebench.records.record import AnyRecord

from .changes import Change, changes, published, unexplained
from .checks import faults
from .submission import Fault, Submission, key_of, read
from .used_figures import disagreements

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
    beside = sources(submission.context.values())
    for file, record in submission.records.items():
        found[file] += [*faults(record), *disagreements(record, submission.context)]
        if not found[file]:
            found[file], unknown = _verdicts(record, beside.get(record.tier, FromRecords({})))
            if unknown:
                report.unknown[str(file)] = unknown
    if against is not None:
        folder = paths[0] if paths[0].is_dir() else paths[0].parent.parent
        _compare(submission, published(against, folder), any(map(Path.is_dir, paths)), found, report)
    report.faults = {str(file): wrong for file, wrong in found.items() if wrong}
    return report


def _verdicts(record: AnyRecord, beside: FromRecords) -> tuple[list[Fault], list[str]]:
    """Return what is wrong with the verdicts of a record, and why some of them cannot be derived again."""
    said = verdicts_of(record)
    wrong = [(verdict, line) for verdict in said for line in inconsistencies(verdict)]
    unknown: list[str] = []
    try:
        found = verdicts_of(judged_again(record, beside.joined(record)))
        if len(found) != len(said):
            wrong += [
                (verdict, f"is one of {len(said)} verdicts, its claim makes {len(found)}") for verdict in said[:1]
            ]
        wrong += [(a, line) for a, b in zip(said, found, strict=False) for line in contradictions(a, b)]
    except PrunebenchError as error:
        unknown.append(str(error))
    valid = "a verdict that follows from the accuracies"
    return [Fault(f"{verdict.relation[:200]!r}: {line}", valid) for verdict, line in wrong], unknown


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

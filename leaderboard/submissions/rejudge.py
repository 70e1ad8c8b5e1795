"""Records of a folder, judged anew from their own figures: after a change of margins or of tests, without training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from prunebench.common.errors import PrunebenchError
from prunebench.common.folders import write_whole
from prunebench.judging.again import judged_again, sources
from prunebench.judging.comparison import verdicts_of
from prunebench.records.record import AnyRecord, dump, load, name_of

from ..site.collect import NoRecordsError, nothing_in


@dataclass
class Rejudged:
    """What became of the records of a folder.

    Attributes:
        records: how many were read.
        written: files that say something else now.
        changed: one line for each verdict whose state is another one.
        left: one line for each record that is as it was, with the reason why it could not be judged.
    """

    records: int = 0
    written: list[Path] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def rejudge(folder: Path) -> Rejudged:
    """Judge every record below a folder by the claims, margins and tests of this version, and write what is new.

    A record keeps its provenance and command, since it is of the same trainings.

    Raises:
        NoRecordsError: there is none.
    """
    records = {file: load(file.read_text("utf-8")) for file in sorted(folder.rglob("*.json"))}
    if not records:
        raise NoRecordsError(nothing_in(folder))
    beside, done = sources(records.values()), Rejudged(len(records))
    for file, record in records.items():
        try:
            found = _kept(record, judged_again(record, beside[record.tier]))
        except PrunebenchError as error:
            done.left.append(f"{file}: {error}")
            continue
        done.changed += _changed(record, found)
        if found != record:
            write_whole(file, dump(found))
            done.written.append(file)
    return done


def _kept(record: AnyRecord, found: AnyRecord) -> AnyRecord:
    kept = {name: getattr(record, name) for name in ("command", "provenance") if hasattr(record, name)}
    return found.model_copy(update=kept)


def _changed(record: AnyRecord, found: AnyRecord) -> Iterator[str]:
    for before, after in zip(verdicts_of(record), verdicts_of(found), strict=False):
        if before.state != after.state:
            yield f"{record.tier}/{name_of(record)}, {after.relation}: {before.state} -> {after.state}"

"""Files of a submission -> records, with what is wrong with a file before it is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from prunebench.common.errors import PrunebenchError
from prunebench.common.places import PAGES
from prunebench.records.record import AnyRecord, Record, load, name_of

from ..site.collect import file_name

LARGEST = 2 * 2**20
"""Bytes of one record at most. A row of 5 seeds and 6 arms with 160 epochs each takes about 0.4 MB."""

AGAIN = f"run the record's command again and write the file with `{PAGES} export`"
"""What to do about numbers that do not fit together."""


class Fault(NamedTuple):
    """One thing that is wrong.

    Attributes:
        what: that is wrong, with the values.
        valid: what would be right.
        todo: what to do about it.
    """

    what: str
    valid: str
    todo: str = AGAIN


@dataclass
class Submission:
    """What was submitted.

    Attributes:
        records: by file.
        faults: by file.
        context: records of all rows in the same folders, by tier and row; claims are derived from them.
    """

    records: dict[Path, AnyRecord] = field(default_factory=dict)
    faults: dict[Path, list[Fault]] = field(default_factory=dict)
    context: dict[tuple[str, str], Record] = field(default_factory=dict)


def read(paths: Iterable[Path]) -> Submission:
    """Read the files, and those of the folders, that were given.

    Raises:
        PrunebenchError: a path does not exist, or there is no file.
    """
    found, keys = Submission(), set[str]()
    for file in _files(paths):
        record, faults = _read(file)
        found.faults[file] = faults
        if record is None:
            continue
        if key_of(record) in keys:
            faults.append(Fault("is a second record of its row or claim test", "one", "leave out one of them"))
            continue
        keys.add(key_of(record))
        found.records[file] = record
    beside = {other for folder in {file.parent for file in found.records} for other in folder.glob("*.json")}
    everything = [*found.records.values(), *(_read(file)[0] for file in sorted(beside - found.records.keys()))]
    found.context = {(r.tier, r.row): r for r in everything if isinstance(r, Record)}
    return found


def key_of(record: AnyRecord) -> str:
    """Return the name that a record has among those of all tiers."""
    return f"{record.tier}/{name_of(record)}"


def _files(paths: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise PrunebenchError(f"{path} does not exist; give record files or a folder of them")
        if path.is_symlink():
            raise PrunebenchError(f"{path} is a link; give the folder or file itself")
        files += sorted(p for p in path.rglob("*") if p.is_symlink() or not p.is_dir()) if path.is_dir() else [path]
    if not files:
        raise PrunebenchError("there is no record to validate; `{PAGES} export` writes those of your runs")
    return files


def _read(file: Path) -> tuple[AnyRecord | None, list[Fault]]:
    if fault := _no_plain_file(file):
        return None, [fault]
    try:
        record = load(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        return None, [Fault(f"is no record: {_short(error)}", "JSON of the schema in prunebench/records/record.py")]
    return record, list(_names(file, record))


def _no_plain_file(file: Path) -> Fault | None:
    if file.is_symlink() or not file.is_file():
        return Fault("is a link or no plain file", "plain files alone", "put the record itself there")
    if file.suffix != ".json":
        return Fault("is no record", "<tier>/<name>.json", "remove it from the submission")
    if (size := file.stat().st_size) > LARGEST:
        return Fault(f"has {size:,} bytes", f"{LARGEST:,} at most", "submit fewer seeds in one record")
    return None


def _names(file: Path, record: AnyRecord) -> Iterator[Fault]:
    for name in (record.tier, name_of(record)):
        if not name or file_name(name) != name:
            todo = "give the row, claim test or tier another name"
            yield Fault(f"the name {name[:80]!r} is not safe as a path", "letters, digits and . _ -, 80 at most", todo)
    wanted = f"{file_name(record.tier)}/{file_name(name_of(record))}.json"
    if "/".join(file.absolute().parts[-2:]) != wanted:
        yield Fault(f"holds the record {record.tier}/{name_of(record)}"[:200], f"the path .../{wanted}")


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]

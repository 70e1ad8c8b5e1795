"""Tracking store or folder of JSON files -> records, and records -> files."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from prunebench.common.errors import PrunebenchError
from prunebench.common.places import PAGES, RUN
from prunebench.records.record import AnyRecord, ClaimRecord, dump, load, name_of, record_digest
from prunebench.specs.experiment import PROTOCOL

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

Source = tuple[str, Path | str | AnyRecord]
"""What a record is called in messages, and the record: a file, its text, or itself."""

Key = tuple[str, str, int, str]
"""What a record must be the only one of: kind, tier, protocol and name."""

LONGEST = 200
"""Characters that a row's, tier's, dataset's, network's, method's or claim test's name may have."""


class NoRecordsError(PrunebenchError):
    """There is nothing to show; the text says where it was looked for and what to run."""


@dataclass
class Collected:
    """Records as they were found.

    Attributes:
        records: one per kind, tier, protocol and name, sorted by these.
        skipped: one line for each thing that was left out, with the reason.
    """

    records: list[AnyRecord] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def from_folder(folder: Path) -> Collected:
    """Read every `*.json` below a folder.

    Raises:
        NoRecordsError: there is none that can be read.
    """
    return _collect(sources_in(folder), [], nothing_in(folder))


def sources_in(folder: Path) -> Iterator[Source]:
    """Yield every `*.json` below a folder, unread."""
    return ((str(path.relative_to(folder)), path) for path in sorted(folder.rglob("*.json")))


def nothing_in(folder: Path) -> str:
    """Return what to say where a folder has no records."""
    return f"no records in {folder}; `{PAGES} export --out {shlex.quote(str(folder))}` writes them there"


def from_store(uri: str) -> Collected:
    """Read the newest complete run of every record in a tracking store.

    Raises:
        NoRecordsError: nothing is logged there.
        TrackingError: the store cannot be read.
    """
    skipped: list[str] = []
    return _collect(sources_logged(uri, skipped), skipped, nothing_logged(uri))


def nothing_logged(uri: str) -> str:
    """Return what to say where a tracking store has no records."""
    return f"nothing is logged in {uri}; `{RUN} -k slimming` logs its results there"


def sources_logged(uri: str, skipped: list[str]) -> Iterator[Source]:
    """Yield the newest complete run of every record in a tracking store; add a line to `skipped` for what is not.

    Raises:
        NoRecordsError: there is no such store.
        TrackingError: the store cannot be read.
    """
    from prunebench.records.mlflow_store import connect, own_runs, plain_words, sqlite_file

    file = sqlite_file(uri)
    if file and not file.is_file():
        raise NoRecordsError(nothing_logged(uri))
    client = connect(uri)
    with plain_words(uri):
        yield from _texts(client, _newest(own_runs(client), skipped), skipped)


def _newest(runs: list[Run], skipped: list[str]) -> list[Run]:
    """Return the last complete run of each record that no other superseded; `runs` are sorted by age."""
    newest: dict[tuple[str, ...], Run] = {}
    for run in sorted(runs, key=lambda run: "pb.superseded" not in run.data.tags):
        tags = run.data.tags
        if "pb.arm" in tags:
            continue
        if not {"pb.kind", "pb.tier", "pb.row", "pb.record"} <= tags.keys():
            skipped.append(f"run {run.info.run_id} ({run.info.run_name}): not logged by prunebench")
        elif "pb.complete" not in tags:
            skipped.append(
                f"run {run.info.run_id} ({tags['pb.row']}): half-written; logging its record again replaces it"
            )
        else:
            newest[tags["pb.kind"], tags["pb.tier"], tags["pb.row"]] = run
    return list(newest.values())


def _texts(client: MlflowClient, runs: list[Run], skipped: list[str]) -> Iterator[Source]:
    from mlflow.exceptions import MlflowException

    from prunebench.records.mlflow_store import artifact_text

    for run in runs:
        try:
            yield f"run {run.info.run_id}", artifact_text(client, run, "record.json")
        except (OSError, MlflowException) as error:
            skipped.append(
                f"run {run.info.run_id} ({run.data.tags['pb.row']}): its record.json cannot be read ({error})"
            )


def _collect(sources: Iterable[Source], skipped: list[str], nothing: str) -> Collected:
    found: dict[Key, AnyRecord] = {}
    for name, content in sources:
        try:
            record = read(content)
        except (ValueError, OSError) as error:
            skipped.append(f"{name}: {error}")
            continue
        key = key_of(record)
        if key in found and record_digest(found[key]) != record_digest(record):
            skipped.append(second(name, key))
        found.setdefault(key, record)
    if not found:
        raise NoRecordsError("; ".join([nothing, *skipped]))
    return Collected([found[key] for key in sorted(found)], skipped)


def read(content: Path | str | AnyRecord) -> AnyRecord:
    """Return a record from its file or text, checked.

    Raises:
        ValueError: it is none, or has a name that no page can show; one line that says why.
        OSError: the file cannot be read.
    """
    text = content.read_text("utf-8", "replace") if isinstance(content, Path) else content
    try:
        record = load(text) if isinstance(text, str) else text
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"no record ({'.'.join(map(str, first['loc']))}: {first['msg']})") from error
    except ValueError as error:
        raise ValueError(f"no record ({error})") from error
    except RecursionError as error:
        raise ValueError("no record (it is nested too deeply)") from error
    for what, name in _names(record):
        if not 0 < len(name) <= LONGEST:
            raise ValueError(f"the name of its {what} has {len(name):,} characters; 1 to {LONGEST} can be shown")
    return record


def _names(record: AnyRecord) -> Iterator[tuple[str, str]]:
    yield "tier", record.tier
    if isinstance(record, ClaimRecord):
        yield from (("test", record.name), ("claim", record.claim))
    else:
        yield "row", record.row
        subjects = {"dataset": record.dataset, "network": record.network, "method": record.method}
        yield from ((what, subject.name) for what, subject in subjects.items())
        yield from (("arm", name) for name in record.arms)
        yield from (("claim", name) for name in record.claims)


def key_of(record: AnyRecord) -> Key:
    """Return what a record must be the only one of."""
    return record.kind, record.tier, record.protocol, name_of(record)


def second(source: str, key: Key) -> str:
    """Return the line on a record that differs from an earlier one of its key."""
    return f"{source}: a second, different record of {key[3]} in tier {key[1]}; the first one is kept"


def group_of(record: AnyRecord) -> str:
    """Return the folder of the records that may stand side by side: the tier, with its protocol if that is not today's.

    `~` is in no name that `file_name` returns, so that no tier's name can be taken for another's protocol.
    """
    return file_name(record.tier) + ("" if record.protocol == PROTOCOL else f"~{record.protocol}")


def export(records: Iterable[AnyRecord], folder: Path) -> list[Path]:
    """Write each record to `folder/<group>/<name>.json` and return the files."""
    files = []
    for record in records:
        file = folder / group_of(record) / f"{file_name(name_of(record))}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dump(record), "utf-8")
        files.append(file)
    return files


def file_name(name: str) -> str:
    """Return `name` where it is safe as a file name, else what is safe of it with a hash that keeps it unique."""
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80]
    return slug if slug == name else f"{slug}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")

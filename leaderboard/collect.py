"""Tracking store or folder of JSON files -> records, and records -> files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from prunebench.errors import PrunebenchError
from prunebench.record import AnyRecord, dump, load, name_of, record_digest

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


class NoRecordsError(PrunebenchError):
    """There is nothing to show; the text says where it was looked for and what to run."""


@dataclass
class Collected:
    """Records as they were found.

    Attributes:
        records: one per kind, tier and name, sorted by these.
        skipped: one line for each thing that was left out, with the reason.
    """

    records: list[AnyRecord] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def from_folder(folder: Path) -> Collected:
    """Read every `*.json` below a folder.

    Raises:
        NoRecordsError: there is none that can be read.
    """
    texts = (
        (str(path.relative_to(folder)), path.read_text("utf-8", "replace")) for path in sorted(folder.rglob("*.json"))
    )
    return _collect(
        texts, [], f"no records in {folder}; `python -m leaderboard export --out {folder}` writes them there"
    )


def from_store(uri: str) -> Collected:
    """Read the newest complete run of every record in a tracking store.

    Raises:
        NoRecordsError: nothing is logged there.
        TrackingError: the store cannot be read.
    """
    from prunebench.mlflow_store import connect, own_runs, plain_words, sqlite_file

    nothing = f"nothing is logged in {uri}; `pytest claims -k slimming` logs its results there"
    file = sqlite_file(uri)
    if file and not file.is_file():
        raise NoRecordsError(nothing)
    client = connect(uri)
    with plain_words(uri):
        skipped: list[str] = []
        runs = _newest(own_runs(client), skipped)
        return _collect(_texts(client, runs, skipped), skipped, nothing)


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


def _texts(client: MlflowClient, runs: list[Run], skipped: list[str]) -> Iterator[tuple[str, str]]:
    from mlflow.exceptions import MlflowException

    from prunebench.mlflow_store import artifact_text

    for run in runs:
        try:
            yield f"run {run.info.run_id}", artifact_text(client, run, "record.json")
        except (OSError, MlflowException) as error:
            skipped.append(
                f"run {run.info.run_id} ({run.data.tags['pb.row']}): its record.json cannot be read ({error})"
            )


def _collect(texts: Iterable[tuple[str, str]], skipped: list[str], nothing: str) -> Collected:
    found: dict[tuple[str, str, str], AnyRecord] = {}
    for source, text in texts:
        try:
            record = load(text)
        except ValueError as error:
            skipped.append(f"{source}: no record ({str(error).partition(chr(10))[0]})")
            continue
        key = (record.kind, record.tier, name_of(record))
        if key in found and record_digest(found[key]) != record_digest(record):
            skipped.append(f"{source}: a second, different record of {key[2]} in tier {key[1]}; the first one is kept")
        found.setdefault(key, record)
    if not found:
        raise NoRecordsError("; ".join([nothing, *skipped]))
    return Collected([found[key] for key in sorted(found)], skipped)


def export(records: Iterable[AnyRecord], folder: Path) -> list[Path]:
    """Write each record to `folder/<tier>/<name>.json` and return the files."""
    files = []
    for record in records:
        file = folder / file_name(record.tier) / f"{file_name(name_of(record))}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dump(record), "utf-8")
        files.append(file)
    return files


def file_name(name: str) -> str:
    """Return `name` where it is safe as a file name, else what is safe of it with a hash that keeps it unique."""
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80]
    return slug if slug == name else f"{slug}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")

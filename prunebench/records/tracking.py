"""Records and training histories -> MLflow, their public log.

One experiment per tier and section, one run per record, nested runs per arm and seed. Only the parent process logs.
Every run carries the digest of what it shows (`pb.record`, `pb.digest`) and, as its last tag, `pb.complete`: logging
again adds nothing, and a run that a killed process left half-written is replaced.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from prunebench.records.logged import beside, epochs, row_metrics, row_params, worst
from prunebench.records.mlflow_store import (
    EXPERIMENTS,
    Index,
    TrackingError,
    check_writable,
    connect,
    local_folder,
    plain_words,
    resolve_uri,
    sqlite_file,
)
from prunebench.records.parts import Arm
from prunebench.records.record import AnyRecord, Record, dump, name_of, record_digest

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

__all__ = ["Tracker", "TrackingError", "resolve_uri"]

_ARTIFACTS = ("spec.json", "outcome.json", "plan.json")
TURN = 120.0
"""Seconds that a run waits for its turn while others log to the same file; a row takes one or two."""

_METRICS_PER_CALL = 900  # MLflow takes 1000 entries a call, parameters and tags included


class Tracker:
    """Logs records to one tracking store.

    Attributes:
        uri: address of the store.
        artifact_root: folder for artifacts; by default `mlartifacts` beside a SQLite file, else the server decides.
    """

    def __init__(self, uri: str, artifact_root: Path | None = None):
        self.uri = uri
        file = sqlite_file(uri)
        self.artifact_root = artifact_root or (file.resolve().parent / "mlartifacts" if file else None)
        self._client: MlflowClient | None = None
        self._index: Index | None = None
        self._left: tuple[int, int] | None = None

    def prepare(self) -> None:
        """Connect, and create the database where it is not there; done once, by the parent process.

        Raises:
            TrackingError: the store cannot be used; comes within about 10 s.
        """
        self._connected()

    def log(self, record: AnyRecord, part_of: Callable[[str, str], str | None]) -> int:
        """Log a record, and the outcomes that it rests on, as far as they are not logged yet.

        A changed record of the same name makes a new run; `pb.superseded` on the older one names it.

        Args:
            record: of a row or of a claim.
            part_of: a part of an outcome as text, by digest and name; None where it is not here.

        Returns:
            The number of runs that were added.

        Raises:
            TrackingError: the store cannot be used now. What was logged so far stays; logging again completes it.
        """
        client = self._connected()
        with plain_words(self.uri), self._alone() as file:
            if file:
                check_writable(file)
            # An index that saw an error is not kept, nor one of a file that another run wrote to: the store may hold
            # more or less than it says.
            known = self._index if self._left == _state(file) else None
            index, self._index = known or Index.read(client), None
            added = _Writer(client, self.artifact_root, index, part_of).write(record)
            self._index, self._left = index, _state(file)
            return added

    @contextmanager
    def _alone(self) -> Iterator[Path | None]:
        """Keep other runs from logging to the same SQLite file meanwhile, and yield that file.

        What one of them has half-written would look like what a killed one left.
        """
        file = sqlite_file(self.uri)
        with FileLock(f"{file}.logging", timeout=TURN) if file else nullcontext():
            yield file

    def _connected(self) -> MlflowClient:
        if self._client is None:
            self._client = connect(self.uri)
        return self._client


@dataclass
class _Writer:
    client: MlflowClient
    artifact_root: Path | None
    index: Index
    part_of: Callable[[str, str], str | None]

    def write(self, record: AnyRecord) -> int:
        self._delete_half_written(record)
        runs = self.index.records.get((record.kind, record.tier, name_of(record)), [])
        digest = record_digest(record)
        current = next((run for run in runs if run.data.tags["pb.record"] == digest), None)
        added = 0
        if current is None:
            current, added = self._add(record, digest)
        self._supersede(current, runs)
        return added

    def _delete_half_written(self, record: AnyRecord) -> None:
        digests = {d for arm in record.arms.values() for d in arm.digests} if isinstance(record, Record) else set()
        for run in list(self.index.half):
            tags = run.data.tags
            same = (tags.get("pb.tier"), tags.get("pb.row")) == (record.tier, name_of(record))
            if same or tags.get("pb.digest") in digests:
                self.client.delete_run(run.info.run_id)
                self.index.half.remove(run)

    def _add(self, record: AnyRecord, digest: str) -> tuple[Run, int]:
        place = f"section {record.section}" if record.section[:1].isdigit() else record.section
        experiment = self._experiment(f"{EXPERIMENTS}{record.tier}/{place}")
        verdicts = record.verdicts if isinstance(record, Record) else [record.verdict]
        claims = record.claims if isinstance(record, Record) else [record.claim]
        title = record.title if isinstance(record, Record) else record.statement
        tags = {
            "mlflow.runName": name_of(record),
            "mlflow.note.content": "\n\n".join([f"**{title}**", *(v.reason for v in verdicts)])[:5000],
            "pb.kind": record.kind,
            "pb.row": name_of(record),
            "pb.tier": record.tier,
            "pb.claim": ",".join(claims),
            "pb.verdict": worst(verdicts),
            **beside(verdicts),
            "pb.record": digest,
        }
        run = self.client.create_run(experiment, tags=tags)
        nested = self._add_nested(record, run) if isinstance(record, Record) else 0
        self._put(run, "record.json", dump(record))
        self._complete(run, row_params(record), _metrics([row_metrics(record, verdicts)]), _now())
        return run, 1 + nested

    def _add_nested(self, record: Record, parent: Run) -> int:
        added = 0
        for name, arm in record.arms.items():
            for i, digest in enumerate(arm.digests):
                if digest not in self.index.digests:
                    self._add_outcome(record, parent, name, arm, i)
                    added += 1
        return added

    def _add_outcome(self, record: Record, parent: Run, name: str, arm: Arm, i: int) -> None:
        digest, seed, end = arm.digests[i], arm.seeds[i], _now()
        tags = {
            "mlflow.runName": f"{name} seed {seed}",
            "mlflow.parentRunId": parent.info.run_id,
            "pb.kind": "pruning" if name == "pruned" else "training",
            "pb.row": record.row,
            "pb.tier": record.tier,
            "pb.arm": name,
            "pb.seed": str(seed),
            "pb.digest": digest,
        }
        start = end - round(1000 * arm.seconds[i])
        run = self.client.create_run(parent.info.experiment_id, start_time=start, tags=tags)
        for artifact in _ARTIFACTS:
            if (text := self.part_of(digest, artifact)) is not None:
                self._put(run, artifact, text)
        params = row_params(record) | {"epochs": str(arm.epochs[i]), "budget": arm.budget, "seed": str(seed)}
        last = {"accuracy": arm.accuracy[i], "best_accuracy": arm.best_accuracy[i], "seconds": arm.seconds[i]}
        self._complete(run, params, _metrics([last]) + _metrics(epochs(arm, seed)), end)

    def _experiment(self, name: str) -> str:
        found = self.client.get_experiment_by_name(name)
        if found is None:
            folder = self.artifact_root and self.artifact_root / re.sub(r"[^\w.-]+", "-", name)
            return str(self.client.create_experiment(name, artifact_location=_location(folder)))
        if found.lifecycle_stage != "active":
            self.client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    def _put(self, run: Run, name: str, text: str) -> None:
        folder = local_folder(run)
        if folder is None:
            self.client.log_text(run.info.run_id, text, name)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")

    def _complete(self, run: Run, params: dict[str, str], metrics: list[Metric], end: int) -> None:
        from mlflow.entities import Param, RunTag

        run_id = run.info.run_id
        while len(metrics) > _METRICS_PER_CALL:
            self.client.log_batch(run_id, metrics[:_METRICS_PER_CALL])
            metrics = metrics[_METRICS_PER_CALL:]
        self.client.set_terminated(run_id, end_time=end)
        entries = [Param(key, value[:500]) for key, value in params.items()]
        self.client.log_batch(run_id, metrics, entries, [RunTag("pb.complete", "1")])
        run.data.tags["pb.complete"] = "1"
        self.index.add(run)

    def _supersede(self, current: Run, others: list[Run]) -> None:
        """Mark `current` as the one that counts; it may be an older one whose record came back."""
        current_id = current.info.run_id
        if current.data.tags.pop("pb.superseded", None):
            self.client.delete_tag(current_id, "pb.superseded")
        for run in others:
            if run is not current and "pb.superseded" not in run.data.tags:
                self.client.set_tag(run.info.run_id, "pb.superseded", current_id)
                run.data.tags["pb.superseded"] = current_id


def _location(folder: Path | None) -> str | None:
    """Return how MLflow is told of a folder: by an address where it would take a part of the path for one."""
    if folder is None:
        return None
    return folder.resolve().as_uri() if set("%?#") & set(str(folder)) else str(folder)


def _state(file: Path | None) -> tuple[int, int] | None:
    """Return what changes whenever a SQLite file is written to; None for any other kind of store."""
    if file is None:
        return None
    found = file.stat()
    return found.st_mtime_ns, found.st_size


def _now() -> int:
    return time.time_ns() // 1_000_000


def _metrics(steps: list[dict[str, float]] | Iterator[dict[str, float]]) -> list[Metric]:
    """Return the finite values as metrics, with steps counted from 1."""
    from mlflow.entities import Metric

    now = _now()
    return [
        Metric(key, value, now, step)
        for step, values in enumerate(steps, start=1)
        for key, value in values.items()
        if isfinite(value)
    ]

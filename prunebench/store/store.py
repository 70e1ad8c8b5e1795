"""The content-addressed store: every outcome is a folder named by the digest of its spec.

    data/checkpoints/<digest>/   spec.json  outcome.json  [history.csv  weights.safetensors  plan.json]  SHA256SUMS

A folder is written beside its place and renamed into it, so that it is there in full or not at all. Locks and partial
checkpoints live in a work folder outside of `data/`, which DVC versions.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from prunebench.common.errors import StoreError
from prunebench.specs.experiment import Spec, digest, digest_of, document

SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Outcome:
    """What is stored under one digest.

    Attributes:
        digest: name of the spec.
        folder: where the files lie.
        facts: content of `outcome.json`.
    """

    digest: str
    folder: Path
    facts: dict[str, Any]

    def json(self, name: str) -> Any:
        """Return the content of one of its JSON files, such as `plan.json`."""
        return json.loads((self.folder / name).read_text())


@dataclass
class Store:
    """Outcomes under `data/checkpoints`, locks and partial checkpoints under `work`.

    Attributes:
        data: folder that DVC versions.
        work: folder for what needs no keeping.
    """

    data: Path
    work: Path
    _seen: dict[str, Outcome] = field(default_factory=dict, repr=False)

    def folder(self, name: str) -> Path:
        """Return the folder of the outcome with this digest, there or not."""
        return self.data / "checkpoints" / name

    def prepare(self) -> None:
        """Make the folders and try them.

        Raises:
            StoreError: they cannot be written.
        """
        probe = self.data / f".probe-{os.getpid()}"
        try:
            for folder in (
                self.data / "checkpoints",
                self.data / "records",
                self.work / "partial",
                self.work / "locks",
            ):
                folder.mkdir(parents=True, exist_ok=True)
            probe.write_text("")
            probe.unlink()
        except OSError as error:
            raise unwritable(self.data, error) from error

    def get(self, spec: Spec) -> Outcome | None:
        """Return the stored outcome of a spec, or None.

        A damaged folder is set aside with a warning, and None returned, so that it is computed anew.
        """
        name = digest(spec)
        if name not in self._seen and self.folder(name).is_dir():
            damage = find_damage(self.folder(name))
            if damage:
                self._set_aside(name, damage)
            else:
                facts = json.loads((self.folder(name) / "outcome.json").read_text())
                self._seen[name] = Outcome(name, self.folder(name), facts)
        return self._seen.get(name)

    def put(self, spec: Spec, facts: Mapping[str, Any], files: Mapping[str, bytes]) -> Outcome:
        """Store an outcome: all of it or nothing.

        Args:
            spec: what was computed.
            facts: numbers and circumstances, becoming `outcome.json`.
            files: further files by name.

        Raises:
            StoreError: the folder cannot be written, because the disk is full, say.
        """
        name = digest(spec)
        content = {"spec.json": _text(document(spec)), "outcome.json": _text(dict(facts)), **files}
        beside = self.data / "checkpoints" / f".{name}.{uuid.uuid4().hex}"
        try:
            _write_folder(beside, content)
            os.rename(beside, self.folder(name))
        except OSError as error:
            shutil.rmtree(beside, ignore_errors=True)
            if not self.folder(name).is_dir():
                raise unwritable(self.data, error) from error
        self.partial(name).unlink(missing_ok=True)
        outcome = Outcome(name, self.folder(name), dict(facts))
        self._seen[name] = outcome
        return outcome

    def partial(self, name: str) -> Path:
        """Return the file of the partial checkpoint of a training with this digest."""
        return self.work / "partial" / f"{name}.safetensors"

    @contextmanager
    def claim(self, spec: Spec) -> Iterator[bool]:
        """Try to become the one process that computes a spec; yields whether it did.

        The lock goes with the process: if that is killed, the next one takes over.
        """
        lock = FileLock(self.work / "locks" / f"{digest(spec)}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        except OSError as error:
            raise unwritable(self.work, error) from error
        try:
            yield True
        finally:
            lock.release()

    def _set_aside(self, name: str, damage: str) -> None:
        aside = self.work / "damaged" / f"{name}-{uuid.uuid4().hex[:8]}"
        aside.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(self.folder(name), aside)
        warnings.warn(
            f"stored outcome {name[:12]} is damaged ({damage}); set aside in {aside}, it is computed anew", stacklevel=3
        )


def _text(data: Any) -> bytes:
    return (json.dumps(data, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def _write_folder(folder: Path, content: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True)
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(content.items()))
    for name, data in {**content, SUMS: sums.encode()}.items():
        with open(folder / name, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def find_damage(folder: Path) -> str:
    """Say what is wrong with a folder, or return an empty string."""
    try:
        listed = [line.split("  ", 1) for line in (folder / SUMS).read_text().splitlines()]
        if not {"spec.json", "outcome.json"} <= {name for _, name in listed}:
            return f"{SUMS} is incomplete"
        for wanted, name in listed:
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != wanted:
                return f"{name} has another checksum"
        if digest_of_file(folder / "spec.json") != folder.name:
            return "spec.json belongs to another digest"
    except (OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def digest_of_file(path: Path) -> str:
    """Return the digest that the spec in a `spec.json` has."""
    return digest_of(json.loads(path.read_text()))


def unwritable(folder: Path, error: OSError) -> StoreError:
    """Return the error of a store that cannot be written, with what to do about it."""
    return StoreError(
        f"cannot write to the store {folder}: {error.strerror or error}. Outcomes that were finished are safe. "
        "Free some space or its permissions, or give another folder with --pb-data DIR, and run the same command again."
    )

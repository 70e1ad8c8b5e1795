"""The content-addressed store: every outcome is a file named by the digest of its spec.

    data/checkpoints/<digest>   with spec.json  outcome.json  [history.csv  plan.json  weights.safetensors]

`packing` says how the parts lie in it. It is written beside its place and renamed into it, so that it is there in full
or not at all. Locks and partial checkpoints live in a work folder outside of `data/`, which DVC versions.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from prunebench.common.errors import StoreError
from prunebench.common.folders import make_folder, settle, write_whole
from prunebench.specs.experiment import Spec, digest, document
from prunebench.store import unpacked
from prunebench.store.outcome import Outcome, find_damage, in_words, load, read
from prunebench.store.packing import check, pack


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

    def place(self, name: str) -> Path:
        """Return the place of the outcome with this digest, there or not."""
        return self.data / "checkpoints" / name

    def prepare(self) -> None:
        """Make the folders and try them.

        Raises:
            StoreError: they cannot be written.
        """
        probe = self.data / f".probe-{os.getpid()}"
        try:
            for folder in (self.data / "checkpoints", self.data / "records"):
                make_folder(folder, lasting=True)
            for folder in (self.work / "partial", self.work / "locks"):
                make_folder(folder)
            settle(self.data)  # which something else may have made
            probe.write_text("")
            probe.unlink()
        except OSError as error:
            raise unwritable(self.data, error) from error

    def get(self, spec: Spec) -> Outcome | None:
        """Return the stored outcome of a spec, or None.

        A damaged one is set aside with a warning, and None returned, so that it is computed anew.
        """
        name = digest(spec)
        if name not in self._seen and self.place(name).exists():
            try:
                self._seen[name] = load(self.place(name))
            except (OSError, ValueError):
                self._look_again(name)
        return self._seen.get(name)

    def text(self, name: str, part: str) -> str | None:
        """Return a part of the outcome with this digest; None where it is not here, or has no such part."""
        try:
            return read(self.place(name), part).decode()
        except (OSError, ValueError):
            return None

    def put(self, spec: Spec, facts: Mapping[str, Any], files: Mapping[str, bytes]) -> Outcome:
        """Store an outcome: all of it or nothing.

        Args:
            spec: what was computed.
            facts: numbers and circumstances, becoming `outcome.json`.
            files: further parts by name.

        Raises:
            StoreError: it cannot be written, because the disk is full, say.
        """
        name = digest(spec)
        place = self.place(name)
        content = {"spec.json": _text(document(spec)), "outcome.json": _text(dict(facts)), **files}
        packed = pack(content)
        try:
            write_whole(place, packed, lasting=True)
        except OSError as error:
            if not place.exists() or find_damage(place):
                raise unwritable(self.data, error) from error
        self.forget_partial(name)
        outcome = Outcome(name, place, frozenset(content), dict(facts))
        self._seen[name] = outcome
        return outcome

    def packed(self, name: str) -> bytes:
        """Return an outcome as one file has it, which is there.

        Raises:
            StoreError: it cannot be read.
        """
        place = self.place(name)
        try:
            if place.is_dir():
                return pack({part: read(place, part) for part in unpacked.names(place)})
            return place.read_bytes()
        except OSError as error:
            raise StoreError(f"outcome {name[:12]} cannot be read: {error.strerror or error}") from error

    def admit(self, name: str, packed: bytes) -> None:
        """Store an outcome that was computed elsewhere, after a look at every bit of it.

        Raises:
            ValueError: it is damaged, or the outcome of another spec; says how.
            StoreError: it cannot be written.
        """
        check(packed, name)
        try:
            write_whole(self.place(name), packed, lasting=True)
        except OSError as error:
            raise unwritable(self.data, error) from error
        self.forget_partial(name)

    def partial(self, name: str) -> Path:
        """Return the file of the partial checkpoint of a training with this digest."""
        return self.work / "partial" / f"{name}.safetensors"

    def forget_partial(self, name: str) -> None:
        """Remove the partial checkpoint of a training that is stored; if that fails, a later run does it."""
        with suppress(OSError):
            self.partial(name).unlink(missing_ok=True)

    @contextmanager
    def claim(self, spec: Spec) -> Iterator[bool]:
        """Try to become the one process that computes a spec; yields whether it did.

        The lock goes with the process: if that is killed, the next one takes over.
        """
        with self.claim_name(digest(spec)) as mine:
            yield mine

    @contextmanager
    def claim_name(self, name: str) -> Iterator[bool]:
        """Do what `claim` does, for the spec with this digest."""
        lock = FileLock(self.work / "locks" / f"{name}.lock")
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

    def _look_again(self, name: str) -> None:
        """Set an outcome aside that looked damaged, unless another process has done so, or has put a whole one there.

        Whoever looks again is alone: what it finds damaged is what it sets aside.
        """
        with self._alone(name):
            if self.place(name).exists():
                try:
                    self._seen[name] = load(self.place(name))
                except (OSError, ValueError) as error:
                    self._set_aside(name, in_words(error))

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Keep other processes from looking again; nothing is kept where locks cannot be written."""
        lock = FileLock(self.work / "locks" / f"{name}.damaged")
        with suppress(OSError):
            make_folder(self.work / "locks")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _set_aside(self, name: str, damage: str) -> None:
        aside = self.work / "damaged" / f"{name}-{uuid.uuid4().hex[:8]}"
        try:
            make_folder(aside.parent)
            shutil.move(self.place(name), aside)
            done = f"set aside in {aside}, it is computed anew"
        except OSError as error:
            done = f"it stays where it is and is not used, since it cannot be set aside: {error.strerror or error}"
        warnings.warn(f"stored outcome {name[:12]} is damaged ({damage}); {done}", stacklevel=4)


def _text(data: Any) -> bytes:
    return (json.dumps(data, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def unwritable(folder: Path, error: OSError) -> StoreError:
    """Return the error of a store that cannot be written, with what to do about it."""
    return StoreError(
        f"cannot write to the store {folder}: {error.strerror or error}. Outcomes that were finished are safe. "
        "Free some space or its permissions, or give another folder with --pb-data DIR, and run the same command again."
    )

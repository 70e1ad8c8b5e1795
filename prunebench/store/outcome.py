"""A stored outcome, read from its file, or from the folder that earlier versions made of one."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prunebench.common.errors import StoreError
from prunebench.store import packing, unpacked


@dataclass(frozen=True)
class Outcome:
    """What is stored under one digest.

    Attributes:
        digest: name of the spec.
        place: its file or folder.
        names: of its parts, such as `plan.json`.
        facts: content of `outcome.json`.
    """

    digest: str
    place: Path
    names: frozenset[str]
    facts: dict[str, Any]

    def read(self, name: str) -> bytes:
        """Return one part, such as `weights.safetensors`, without reading the others.

        Raises:
            StoreError: it has none of that name, or was damaged or removed after it was looked at.
        """
        try:
            return read(self.place, name)
        except (OSError, ValueError) as error:
            raise StoreError(f"outcome {self.digest[:12]}: {error}; run the same command again") from error

    def json(self, name: str) -> Any:
        """Return the content of one of its JSON parts.

        Raises:
            StoreError: as `read`.
        """
        return json.loads(self.read(name))


def load(place: Path) -> Outcome:
    """Return an outcome after a look at every bit of it.

    Raises:
        ValueError: it is damaged; says how.
        OSError: it cannot be read.
    """
    if place.is_dir():
        unpacked.check(place)
        return Outcome(place.name, place, unpacked.names(place), json.loads(read(place, "outcome.json")))
    packed = place.read_bytes()
    packing.check(packed, place.name)
    names = frozenset(name for name, _, _ in packing.parts(io.BytesIO(packed)))
    return Outcome(place.name, place, names, json.loads(packing.part(io.BytesIO(packed), "outcome.json")))


def find_damage(place: Path) -> str:
    """Say what is wrong with a stored outcome, or return an empty string."""
    try:
        load(place)
    except (OSError, ValueError) as error:
        return in_words(error)
    return ""


def in_words(error: OSError | ValueError) -> str:
    """Return what an error of `load` says is wrong."""
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def read(place: Path, name: str) -> bytes:
    """Return one part of a stored outcome; of the whole, only this is read and looked at.

    Raises:
        ValueError: it is damaged, or not there.
        OSError: it cannot be read.
    """
    if place.is_dir():
        return (place / name).read_bytes()
    with place.open("rb") as file:
        return packing.part(file, name)

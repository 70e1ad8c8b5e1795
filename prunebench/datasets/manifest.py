"""What was imported: `<data>/datasets/<name>/manifest.json` beside the files that it describes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from prunebench.common.errors import DatasetError
from prunebench.datasets.description import Description

IMPORTER = 1
"""Version of the files' layout; raise it when an older import can no longer be read."""

FILE = "manifest.json"

CHECK = "sha256"
"""Key of the checksum of everything else in the manifest; those of earlier versions have none."""

BROKEN = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError)
"""What reading a damaged manifest may raise."""


@dataclass(frozen=True)
class Manifest:
    """An imported dataset.

    Attributes:
        description: with the digest and the counts of what was imported.
        sums: sha256 of each part's content, by its name; the digest is taken of them.
        sizes: bytes of each file, by its name.
        source: what was imported; for a folder of photos the place that they are read from.
        importer: version of the layout.
        notes: what was converted or left out, a sentence each.
        files: sha256 of each file, by its name; earlier versions noted none.
    """

    description: Description
    sums: Mapping[str, str]
    sizes: Mapping[str, int]
    source: str
    importer: int = IMPORTER
    notes: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def listed(self) -> bool:
        """Whether it lists photos in a folder, rather than holding images."""
        return "train_files" in self.sums


def digest_of(sums: Mapping[str, str]) -> str:
    """Return a dataset's digest: the sha256 of the names and checksums of its parts."""
    return hashlib.sha256("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()).hexdigest()


def sums_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the sha256 of files of a folder, by their names."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


def place(data: Path, name: str) -> Path:
    """Return the folder of a dataset, there or not."""
    return data / "datasets" / name


def names(data: Path) -> Iterable[str]:
    """Return the names of the datasets that were imported."""
    return sorted(path.parent.name for path in data.glob(f"datasets/[!.]*/{FILE}"))


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into a dataset's folder."""
    text = asdict(manifest)
    (folder / FILE).write_text(json.dumps({**text, CHECK: _check(text)}, indent=1) + "\n")


def read(data: Path, name: str) -> Manifest | None:
    """Return the manifest of a dataset, None if it was not imported.

    Raises:
        DatasetError: the manifest is damaged, or a file is missing or has another size.
    """
    folder = place(data, name)
    if not (folder / FILE).exists():
        return None
    try:
        found = _parse(json.loads((folder / FILE).read_text()))
        for file, size in found.sizes.items():
            if (folder / file).stat().st_size != size:
                raise ValueError(f"{file} has {(folder / file).stat().st_size} bytes, not {size}")
    except BROKEN as error:
        raise damaged(folder, str(error)) from error
    return found


def damaged(folder: Path, what: str) -> DatasetError:
    """Return the error of a dataset that is no longer what was imported, with what to do about it."""
    return DatasetError(
        f"dataset {folder.name} in {folder} is damaged ({what}); remove that folder and import it again"
    )


def digest(folder: Path) -> str:
    """Return the digest that a folder's manifest has, though its files may be damaged; empty if it has none."""
    try:
        return str(json.loads((folder / FILE).read_text())["description"]["digest"])
    except BROKEN:
        return ""


def _check(text: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in text.items() if key != CHECK}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _parse(text: Any) -> Manifest:
    if text["importer"] != IMPORTER:
        raise ValueError(f"layout {text['importer']}, this prunebench reads {IMPORTER}")
    if unknown := sorted(text.keys() - {CHECK, *(f.name for f in fields(Manifest))}):
        raise ValueError(f"{FILE} has the unknown key {unknown[0]!r}")
    if (CHECK in text and text[CHECK] != _check(text)) or digest_of(text["sums"]) != text["description"]["digest"]:
        raise ValueError(f"{FILE} has another checksum than it says")
    known: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in text["description"].items()}
    own = {key: text[key] for key in ("sums", "sizes", "source")}
    return Manifest(Description(**known), **own, notes=tuple(text.get("notes", ())), files=dict(text.get("files", {})))

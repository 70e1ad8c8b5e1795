"""What was imported: `<data>/datasets/<name>/manifest.json` beside the files that it describes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from prunebench.common.errors import DatasetError
from prunebench.datasets.description import Description

IMPORTER = 1
"""Version of the files' layout; raise it when an older import can no longer be read."""

FILE = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """An imported dataset.

    Attributes:
        description: with the digest and the counts of what was imported.
        sums: sha256 of each part's content, by its name; the digest is taken of them.
        sizes: bytes of each file, by its name.
        source: what was imported; for a folder of photos the place that they are read from.
        importer: version of the layout.
    """

    description: Description
    sums: Mapping[str, str]
    sizes: Mapping[str, int]
    source: str
    importer: int = IMPORTER

    @property
    def listed(self) -> bool:
        """Whether it lists photos in a folder, rather than holding images."""
        return "train_files" in self.sums


def digest_of(sums: Mapping[str, str]) -> str:
    """Return a dataset's digest: the sha256 of the names and checksums of its parts."""
    return hashlib.sha256("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()).hexdigest()


def place(data: Path, name: str) -> Path:
    """Return the folder of a dataset, there or not."""
    return data / "datasets" / name


def names(data: Path) -> Iterable[str]:
    """Return the names of the datasets that were imported."""
    return sorted(path.parent.name for path in data.glob(f"datasets/[!.]*/{FILE}"))


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into a dataset's folder."""
    (folder / FILE).write_text(json.dumps(asdict(manifest), indent=1) + "\n")


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
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DatasetError(
            f"dataset {name} in {folder} is damaged ({error}); remove that folder and import it again"
        ) from error
    return found


def digest(folder: Path) -> str:
    """Return the digest that a folder's manifest has, though its files may be damaged; empty if it has none."""
    try:
        return str(json.loads((folder / FILE).read_text())["description"]["digest"])
    except (OSError, ValueError, TypeError, KeyError):
        return ""


def _parse(text: Any) -> Manifest:
    if text["importer"] != IMPORTER:
        raise ValueError(f"layout {text['importer']}, this prunebench reads {IMPORTER}")
    known: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in text["description"].items()}
    return Manifest(Description(**known), text["sums"], text["sizes"], text["source"])

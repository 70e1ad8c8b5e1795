"""Whether files are what was imported: each is looked at once per process, and again once it was written since."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prunebench.datasets.manifest import damaged

_SAME: dict[Path, tuple[str, int, int, int]] = {}
"""By file, its checksum, and the size and times that it had then."""


def same(path: Path, wanted: str, content: Callable[[], bytes | memoryview]) -> bool:
    """Return whether the content of a file has a checksum.

    Args:
        path: of the file.
        wanted: sha256.
        content: returns what the checksum is of; asked only where this process does not know yet.
    """
    stat = path.stat()
    state = (wanted, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    if _SAME.get(path) != state and hashlib.sha256(content()).hexdigest() == wanted:
        _SAME[path] = state
    return _SAME.get(path) == state


@dataclass(frozen=True)
class Listed:
    """The files of an import with their checksums; of a folder that is not imported yet there are none.

    Attributes:
        root: folder of the files.
        sums: sha256 by path below it.
    """

    root: Path
    sums: Mapping[str, str] = field(default_factory=dict)

    def read(self, path: Path) -> bytes:
        """Return the content of a file.

        Raises:
            DatasetError: it is not what was imported.
            OSError: it cannot be read.
        """
        content, name = path.read_bytes(), path.relative_to(self.root).as_posix()
        if name in self.sums and not same(path, self.sums[name], lambda: content):
            raise damaged(self.root, f"{name} has another content than was imported")
        return content

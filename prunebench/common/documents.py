"""YAML documents with line numbers: what is wrong in one is said with its file and line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from prunebench.common.errors import PrunebenchError


@dataclass(frozen=True)
class Document:
    """What a YAML file holds.

    Attributes:
        path: the file.
        data: its content.
        lines: by key of any mapping in it, the line (1-based) of its first occurrence.
    """

    path: Path
    data: Any
    lines: dict[str, int]

    def wrong(self, key: str, what: str) -> NoReturn:
        """Raise the error of an entry.

        Raises:
            PrunebenchError: always.
        """
        raise PrunebenchError(f"{self.path}:{self.lines.get(key, 1)}: {key}: {what}")


def read(path: Path) -> Document:
    """Read a YAML file.

    Raises:
        PrunebenchError: it is missing, is no YAML, or names a key twice.
    """
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        loader = base(path.read_text())
        node = loader.get_single_node()
        lines: dict[str, int] = {}
        _note(path, node, lines)
        return Document(path, loader.construct_document(node), lines)
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise PrunebenchError(f"cannot read {path}: {type(error).__name__}: {error}") from error


def _note(path: Path, node: Any, lines: dict[str, int]) -> None:
    """Note the line of every key below a node, and refuse a mapping that has one twice."""
    import yaml

    if isinstance(node, yaml.SequenceNode):
        for part in node.value:
            _note(path, part, lines)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.value in seen:
            raise PrunebenchError(f"{path}:{line}: {key.value!r} is here a second time; each id stands once")
        seen.add(key.value)
        lines.setdefault(key.value, line)
        _note(path, value, lines)

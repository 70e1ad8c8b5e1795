"""Lines -> data that a page loads: columns in a few script files, since a page from `file://` may fetch no JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .views import Line

LINES = 10_000
"""Lines of one file, where that stays below `MOST_BYTES`."""

MOST_BYTES = 4_000_000
"""Size of one file; files that would be larger are halved."""


def write(group: str, lines: Sequence[Line], folder: Path) -> list[str]:
    """Write the lines of a group to `folder/<group>.<i>.js` and return the names of the files, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    key = f"{folder.name}/{group}"
    parts = [part for i in range(0, len(lines), LINES) for part in _fitting(lines[i : i + LINES])]
    names = [f"{group}.{i}.js" for i in range(len(parts))]
    for i, (name, part) in enumerate(zip(names, parts, strict=True)):
        (folder / name).write_text(f"pb.add({json.dumps(key)},{i},{part});\n", "utf-8")
    return names


def _fitting(lines: Sequence[Line]) -> Iterator[str]:
    text = script_json({"count": len(lines), "columns": _columns(lines)})
    if len(text) <= MOST_BYTES or len(lines) == 1:
        yield text
    else:
        middle = len(lines) // 2
        yield from _fitting(lines[:middle])
        yield from _fitting(lines[middle:])


def _columns(lines: Sequence[Line]) -> dict[str, Any]:
    names = dict.fromkeys(name for line in lines for name in line)
    return {name: _column([line.get(name) for line in lines]) for name in names}


def _column(values: list[Any]) -> Any:
    """Return numbers as they are, texts as their distinct values with the place of each line's."""
    if not any(isinstance(value, str) for value in values):
        return values
    places = {value: i for i, value in enumerate(dict.fromkeys(values))}
    return {"of": list(places), "at": [places[value] for value in values]}


def script_json(value: Any) -> str:
    """Return compact JSON that cannot end the script element that it stands in."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")

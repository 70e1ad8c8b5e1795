"""What commands and runs show of their work: times and bars."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from io import TextIOWrapper
from typing import TextIO, TypeVar

T = TypeVar("T")

SPELLED = {"±": "+-", "×": "x", "≥": ">=", "≤": "<=", "→": "->", "…": "...", "–": "-", "—": "-", "²": "^2"}
"""How characters are written where a terminal has no others than those of ASCII; the rest become question marks."""


def spell(stream: TextIO) -> None:
    """Let a stream write what its encoding lacks in other characters; in place of an error that ends the run."""
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="prunebench-spell")


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(SPELLED.get(character, "?") for character in error.object[error.start : error.end]), error.end


codecs.register_error("prunebench-spell", _spelled)


def clock(seconds: float) -> str:
    """Return a time for people: `40 s`, `3 min`, `5.2 h` or `1,200 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 360_000 else f"{seconds / 3600:,.0f} h"


def track(items: Iterable[T], what: str, total: int | None = None) -> Iterable[T]:
    """Yield items with a bar on the terminal's error stream that goes away at the end.

    Args:
        items: to go through.
        what: a few words.
        total: how many, where `items` has no length.
    """
    from rich.console import Console
    from rich.progress import track as bar

    return bar(items, what, total, console=Console(stderr=True), transient=True)


def counted(count: int, thing: str) -> str:
    """Return how many of a thing there are, such as `1 row` or `1,200 rows`."""
    return f"{count:,} {thing}{'s' * (count != 1)}"

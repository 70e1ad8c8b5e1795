"""What commands and runs show of their work: times and bars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def clock(seconds: float) -> str:
    """Return a time for people: `40 s`, `3 min` or `5.2 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


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

"""What commands show while they work."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


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

"""What the workers of one run tell each other, as empty files in a folder of that run."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path


class Noticeboard:
    """Where the workers of a run see which tests have ended, and which outcomes were computed for them."""

    def __init__(self, folder: Path) -> None:
        """Use a folder that is there."""
        self._folder = folder
        self._stirred = folder / "stirred"

    def end(self, test: str) -> None:
        """Say that a test has ended."""
        self._ended(test).touch()

    def has_ended(self, test: str) -> bool:
        """Return whether a test has ended."""
        return self._ended(test).exists()

    def _ended(self, test: str) -> Path:
        return self._folder / f"test-{sha256(test.encode()).hexdigest()}"

    def stir(self) -> None:
        """Say that something may have become ready: a training has begun, so that others know of it, or has ended."""
        self._stirred.touch()

    def stirred(self) -> int:
        """Return when somebody last said so, in nanoseconds; 0 for never."""
        return self._stirred.stat().st_mtime_ns if self._stirred.exists() else 0

    def hand_over(self, digest: str) -> None:
        """Say that an outcome was computed for whichever test needs it."""
        (self._folder / digest).touch()

    def take(self, digests: set[str]) -> set[str]:
        """Return those of these outcomes that were handed over; each is taken by one test alone."""
        return {digest for digest in digests if self._taken(self._folder / digest)}

    def _taken(self, notice: Path) -> bool:
        try:
            notice.unlink()
        except FileNotFoundError:
            return False
        return True

"""Errors that people are meant to read: what was given, what is valid, what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def near(given: str, valid: Iterable[str]) -> str:
    """Return three of the valid names: those that are like the given one, else the first."""
    names = list(valid)
    return ", ".join(get_close_matches(given, names) or names[:3])


class PrunebenchError(Exception):
    """Base of every error whose message is complete without a traceback."""


class StoreError(PrunebenchError):
    """The store of outcomes cannot be read or written."""


class DatasetError(PrunebenchError):
    """A dataset is missing, damaged or unknown."""


class TrainingError(PrunebenchError):
    """A training broke down; nothing of it is stored."""


def of_kind(kind: str, message: str) -> PrunebenchError:
    """Return an error that another process has told of: a plain one where its class says no more than that.

    Args:
        kind: name of its class.
        message: what it says.
    """
    known = {one.__name__: one for one in (StoreError, TrainingError)}
    return known.get(kind, PrunebenchError)(message)


class UnknownNameError(PrunebenchError):
    """A name that no registry has."""

    def __init__(self, kind: str, given: str, valid: Iterable[str]) -> None:
        """Build the message: the near matches if there are any, else all valid names.

        Args:
            kind: what the name should be, such as `row`.
            given: the name as it was given.
            valid: all valid names.
        """
        names = sorted(valid)
        like = get_close_matches(given, names, n=4, cutoff=0.5)
        hint = f"did you mean {' or '.join(like)}?" if like else f"valid: {', '.join(names)}."
        super().__init__(f"unknown {kind} {given!r}: {hint} `prunebench list {kind}s` shows them all.")

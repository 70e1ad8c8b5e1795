"""A user's method and networks in an audit: where the files are now of which the records' commands tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from prunebench.common.errors import PrunebenchError

METHOD, NETWORK = "--pb-method", "--pb-network"

Brought = Mapping[str, Sequence[str]]
"""By option, what was given to the audit: `path/to/file.py:NAME` each, or names of installed methods."""


def placed(options: tuple[str, ...], brought: Brought) -> tuple[str, ...]:
    """Return a command's options with the files that were given in place of those of the same NAME."""
    found = list(options)
    for place, option in enumerate(options[:-1]):
        for reference in brought.get(option, ()):
            if _name(reference) == _name(options[place + 1]):
                found[place + 1] = reference
    return tuple(found)


def load_networks(commands: Iterable[tuple[str, ...]], brought: Brought, root: Path) -> None:
    """Make the networks known to this process that were given, and those of the commands whose files are there.

    Raises:
        PrunebenchError: one that was given does not load.
    """
    from prunebench.networks.own import load

    given = brought.get(NETWORK, ())
    for reference in given:
        load(reference)
    told = {value for options in commands for option, value in pairwise(options) if option == NETWORK}
    for reference in sorted(told - {*given}):
        with suppress(PrunebenchError):  # its checkpoints then say that it is missing
            load(str(root / reference))


def _name(reference: str) -> str:
    return reference.rpartition(":")[2]

"""Seeds until it is settled: a run that looks at its seeds several times, at one error rate for all looks together."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from prunebench.common.errors import PrunebenchError

FIRST = 3
"""Seeds at the first look: fewer give a Welch test next to no power."""

LIMIT = 12
"""Seeds at the last look, unless the user says."""


class Unsettled(Exception):  # noqa: N818 - a signal, no error
    """A verdict is INCONCLUSIVE and there is another look with more seeds: the test is to be run again."""


@dataclass(frozen=True)
class Look:
    """One look at the seeds that there are.

    Attributes:
        seeds: how many each arm has.
        confidence: of each bound at this look.
    """

    seeds: int
    confidence: float


def looks(given: str | None, usual: int, confidence: float) -> tuple[Look, ...]:
    """Return when a run judges: once for a number of seeds, several times for `auto` or `auto:LIMIT`.

    Each look adds half as many seeds again: 3, 5, 8, 12, 18, ...

    Args:
        given: `--pb-seeds`.
        usual: seeds where nothing is given.
        confidence: of each bound over all looks.

    Raises:
        PrunebenchError: it is neither.
    """
    text = str(usual if given is None else given)
    found = re.fullmatch(r"(auto)(?::(\d+))?|(\d+)", text)
    automatic = bool(found and found[1])
    seeds = int(found[2] or found[3] or LIMIT) if found else 0
    if seeds < (2 if automatic else 1):
        raise PrunebenchError(
            f"--pb-seeds {text}: give 1 or more, or auto[:LIMIT] to add seeds until the verdict is settled (LIMIT is 2 "
            f"or more, else {LIMIT}); a verdict needs 2, this tier takes {usual}"
        )
    return sequence(seeds, confidence) if automatic else (Look(seeds, confidence),)


def sequence(limit: int, confidence: float) -> tuple[Look, ...]:
    """Return the looks up to `limit` seeds; the chance of a false bound at any of them is 1 - `confidence` at most.

    The error a = 1 - `confidence` is spent as seeds come in: up to the share t of `limit`, a * ln(1 + (e - 1) * t), the
    spending function of Lan & DeMets (Biometrika 70, 1983) that is near Pocock's boundaries. What a look may spend is
    the level of its test, so that the sum bounds the chance of an error at any look (Bonferroni), however the
    statistics of the looks hang together: that holds for every relation, not only for means of normal numbers.
    """
    counts = [min(FIRST, limit)]
    while counts[-1] < limit:
        counts.append(min(limit, counts[-1] + math.ceil(counts[-1] / 2)))
    spent = [0.0, *((1 - confidence) * math.log1p((math.e - 1) * n / limit) for n in counts)]
    return tuple(Look(n, 1 - (now - before)) for n, before, now in zip(counts, spent, spent[1:], strict=False))

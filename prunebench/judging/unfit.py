"""Rows that compare nothing: what was compared has not left chance, or lies far below the dense network."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from prunebench.judging.observation import FAR_BELOW
from prunebench.judging.observed import Observed
from prunebench.statistics import WIDEST, Verdict, p_above_chance

LEVEL = 0.05
"""An arm has left chance if its p-value against "no better than always the largest class" is at most this."""

_WIDEST_OF_OTHER_UNITS = 1e12


NOTHING = "Compares nothing: "
"""How the reason of such a verdict begins."""


class UnfitError(Exception):
    """A row compares nothing, and nothing more is to be trained for it; has the reason."""


def reasons(row: Observed, arms: Collection[str]) -> Iterator[str]:
    """Yield why a row's arms compare nothing.

    Args:
        row: with its figures.
        arms: that are compared; the dense network is always looked at.
    """
    means = {name: sum(arm.accuracy) / len(arm.accuracy) for name, arm in row.figures.arms.items() if arm.accuracy}
    lost = [name for name, mean in means.items() if name in {"dense", *arms} and _at_chance(row, mean)]
    for name in lost:
        yield (
            f"{name} of {row.row.id} is at chance: it is right on {means[name]:.1f} % of the test images, and "
            f"{row.figures.chance:.1f} % are of the largest class"
        )
    below = [means["dense"] - mean for name, mean in means.items() if name in arms and name != "dense"]
    if not lost and "dense" in means and below and min(below) >= FAR_BELOW:
        yield (
            f"every arm of {row.row.id} that is compared lies {min(below):.0f} points or more below its dense network"
        )


def comparing(rows: Iterable[Observed], *arms: str) -> list[Observed]:
    """Return the rows whose arms compare something, for a sentence about settings in which networks still learn.

    Where none does, all are returned, so that the verdict says why. What this was told by counts as used.
    """
    seen = list(rows)
    for row in seen:
        row.used.update(arms)
    return [row for row in seen if not any(reasons(row, arms))] or seen


def _at_chance(row: Observed, accuracy: float) -> bool:
    """Return whether an accuracy may be that of always saying the largest class; no if that share is not known."""
    figures = row.figures
    if not figures.chance or not figures.resolution or not 0 <= accuracy <= 100:
        return False
    return p_above_chance(accuracy, round(100 / figures.resolution), figures.chance / 100) > LEVEL


def fair(verdict: Verdict, rows: Iterable[Observed]) -> Verdict:
    """Return a verdict, or INCONCLUSIVE without bounds where what it is of compares nothing.

    Args:
        verdict: of a claim.
        rows: that the claim has looked at, each with the arms that it has used.
    """
    if verdict.reason.startswith(NOTHING):
        return verdict
    found = [reason for row in rows for reason in reasons(row, _compared(verdict, row))]
    if not found:
        return verdict
    widest = WIDEST if verdict.unit == "points" else _WIDEST_OF_OTHER_UNITS
    more = f", and {len(found) - 3} more like it" if len(found) > 3 else ""
    return replace(
        verdict,
        state="INCONCLUSIVE",
        lower=-widest,
        upper=widest,
        p=None,
        p_refuted=None,
        power=None,
        seeds_needed=None,
        reason=f"{NOTHING}{'; '.join(found[:3])}{more}.",
    )


def _compared(verdict: Verdict, row: Observed) -> set[str]:
    """Return the arms of a row that a verdict is of: those that it names, or all that were used where it names few."""
    used = row.used & row.figures.arms.keys()
    named = {arm for arm in used if re.search(rf"(?<!\w){re.escape(arm)}(?!\w)", verdict.relation)}
    return named if len(named) > 1 else used

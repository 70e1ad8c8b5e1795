"""What a run would find in the store, what it would train, and how long that takes, before it starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from prunebench.common.errors import PrunebenchError
from prunebench.judging.observation import specs
from prunebench.judging.settings import Settings
from prunebench.protocol.arms import PAPER_ARMS
from prunebench.protocol.assignment import job
from prunebench.protocol.jobs import Job
from prunebench.protocol.tables import Row
from prunebench.runner.local import inputs
from prunebench.runner.schedule import Step
from prunebench.specs.experiment import Spec, digest
from prunebench.store.store import Store


class Clock(Protocol):
    """Whoever says how long a spec takes: `Estimator` here, `Catalogued` on a card that is not here."""

    def seconds(self, spec: Spec) -> float:
        """Return the seconds, without what it starts from."""


@dataclass(frozen=True)
class Part:
    """What one row adds to those before it.

    Attributes:
        row: its id.
        stored: outcomes that are there.
        missing: outcomes that are not.
        shared: outcomes that an earlier row needs as well.
        seconds: that the missing ones take, about, on one worker.
        guessed: whether some of that follows from a guess of what pruning will decide.
        note: why nothing can be said.
    """

    row: str
    stored: int = 0
    missing: int = 0
    shared: int = 0
    seconds: float = 0.0
    guessed: bool = False
    note: str = ""


def plan(rows: Sequence[Row], settings: Settings, clock: Clock) -> list[Part]:
    """Return what each row takes, with the arms of the paper; outcomes that rows share count with the first of them.

    A dataset that is not here is taken for what the catalogue says of it; `absent` names those.
    """
    store, seen = Store(settings.data, settings.work), set[str]()
    settings = replace(settings, tier=settings.tier.imagined())
    return [_part(row, settings, store, seen, clock) for row in rows]


def absent(rows: Sequence[Row], settings: Settings) -> list[str]:
    """Return the datasets of the paper that rows need and that are not here, so that a run cannot start yet."""
    here = settings.tier.substitutes
    return [] if settings.tier.dataset else sorted({row.dataset for row in rows} - here.keys())


def graph(rows: Sequence[Row], settings: Settings, clock: Clock) -> dict[str, Step]:
    """Return what rows lack, and what that starts from and is lacking too, by digest, as `schedule` takes it.

    Rows that cannot run are left out, as `plan` says of them.
    """
    store, found = Store(settings.data, settings.work), dict[str, Step]()
    settings = replace(settings, tier=settings.tier.imagined())

    def add(spec: Spec) -> str:
        name = digest(spec)
        if name not in found:
            found[name] = Step(
                clock.seconds(spec), tuple(add(part) for part in inputs(spec) if store.get(part) is None)
            )
        return name

    for row in rows:
        with suppress(PrunebenchError):
            for spec, _ in _row(row, settings, store).values():
                if store.get(spec) is None:
                    add(spec)
    return found


def _part(row: Row, settings: Settings, store: Store, seen: set[str], clock: Clock) -> Part:
    try:
        needed = _row(row, settings, store)
    except PrunebenchError as error:
        return Part(row.id, note=str(error))
    new = {name: entry for name, entry in needed.items() if name not in seen}
    seen |= set(new)
    missing = [(spec, certain) for spec, certain in new.values() if store.get(spec) is None]
    return Part(
        row.id,
        stored=len(new) - len(missing),
        missing=len(missing),
        shared=len(needed) - len(new),
        seconds=sum(clock.seconds(spec) for spec, _ in missing),
        guessed=not all(certain for _, certain in missing),
    )


def _row(row: Row, settings: Settings, store: Store) -> dict[str, tuple[Spec, bool]]:
    """Return the specs of a row by digest, and whether they are certain.

    Raises:
        PrunebenchError: it cannot run.
    """
    if row.method == "candidate":
        raise PrunebenchError("the method is not known before --pb-method gives it")
    work = job(row, settings.tier)
    return {digest(s): (s, certain) for seed in settings.seeds for s, certain in _needed(work, seed, store)}


def _needed(work: Job, seed: int, store: Store) -> Iterator[tuple[Spec, bool]]:
    """Yield the specs of a row and seed, and whether they are certain: pruning decides how long some arms train."""
    known = specs(work, seed, PAPER_ARMS, store)
    yield from ((spec, True) for spec in known.values())
    share = (1 - work.ratio) ** 2  # of FLOPs, where that share of the channels is kept on both sides of a layer
    for arm in PAPER_ARMS:
        if arm not in known:
            yield work.arm(arm, seed, {"flops": share, "dense": {"flops": 1.0}}), False

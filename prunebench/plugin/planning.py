"""What a run would find in the store, what it would train, and how long that takes, before it starts."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from prunebench.common.errors import PrunebenchError
from prunebench.judging.observation import specs
from prunebench.judging.settings import Settings
from prunebench.plugin.options import settings_of
from prunebench.protocol.arms import PAPER_ARMS
from prunebench.protocol.assignment import job
from prunebench.protocol.jobs import Job
from prunebench.protocol.tables import Row
from prunebench.runner.estimate import Estimator
from prunebench.specs.experiment import Spec, digest
from prunebench.store.store import Store


@dataclass
class Selection:
    """A pytest plugin that gathers what claim tests were selected.

    Attributes:
        rows: of the selected tests, by id; of a test over many rows all rows of its table.
        tests: how many.
        apart: names of tests that choose their rows in their own bodies.
        settings: of the run.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    tests: int = 0
    apart: list[str] = field(default_factory=list)
    settings: Settings | None = None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Read the rows off the parameters of the tests."""
        self.settings = settings_of(session.config)
        for item in session.items:
            if item.get_closest_marker("claim"):
                self.tests += 1
                given = getattr(item, "callspec", None)
                found = _rows(given.params if given else {})
                self.rows |= {row.id: row for row in found}
                if not found:
                    self.apart.append(item.name)


def _rows(parameters: dict[str, Any]) -> list[Row]:
    return [*([parameters["row"]] if "row" in parameters else []), *parameters.get("rows", [])]


def select(
    expression: str, tier: str, seeds: str | None, data: str, dataset: Sequence[str] = ()
) -> tuple[Selection, Settings]:
    """Collect the claim tests that a run would collect; nothing is trained.

    Raises:
        PrunebenchError: pytest collects none, or cannot; has what pytest said.
    """
    selection, said = Selection(), io.StringIO()
    options = [*(["-k", expression] if expression else []), *([f"--pb-seeds={seeds}"] if seeds is not None else [])]
    options += [f"--pb-dataset={pair}" for pair in dataset]
    command = ["claims", "--collect-only", "-q", "--assert=plain", f"--pb-tier={tier}", f"--pb-data={data}", *options]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main(command, plugins=[selection])
    if code != pytest.ExitCode.OK or selection.settings is None:
        raise PrunebenchError(f"no claim tests to plan for:\n{said.getvalue().strip()[-2000:]}")
    return selection, selection.settings


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


def plan(rows: Sequence[Row], settings: Settings, estimator: Estimator) -> list[Part]:
    """Return what each row takes, with the arms of the paper; outcomes that rows share count with the first of them."""
    store, seen = Store(settings.data, settings.work), set[str]()
    return [_part(row, settings, store, seen, estimator) for row in rows]


def _part(row: Row, settings: Settings, store: Store, seen: set[str], estimator: Estimator) -> Part:
    try:
        if row.method == "candidate":
            raise PrunebenchError("the method is not known before --pb-method gives it")
        work = job(row, settings.tier)
        needed = {digest(s): (s, certain) for seed in settings.seeds for s, certain in _needed(work, seed, store)}
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
        seconds=sum(estimator.seconds(spec) for spec, _ in missing),
        guessed=not all(certain for _, certain in missing),
    )


def _needed(work: Job, seed: int, store: Store) -> Iterator[tuple[Spec, bool]]:
    """Yield the specs of a row and seed, and whether they are certain: pruning decides how long some arms train."""
    known = specs(work, seed, PAPER_ARMS, store)
    yield from ((spec, True) for spec in known.values())
    share = (1 - work.ratio) ** 2  # of FLOPs, where that share of the channels is kept on both sides of a layer
    for arm in PAPER_ARMS:
        if arm not in known:
            yield work.arm(arm, seed, {"flops": share, "dense": {"flops": 1.0}}), False

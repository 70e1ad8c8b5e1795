"""What all selected claim tests need is asked of their bodies first, and computed before the first of them is judged.

A body is run as a helping worker runs it, unreported; a row that is not stored yet is taken down, and a stand-in is
given for it, so that a claim over many rows names all of them at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from _pytest.runner import runtestprotocol

from prunebench.common.errors import PrunebenchError
from prunebench.judging.figures import Source
from prunebench.plugin.ending import BROKEN
from prunebench.plugin.options import option, settings_of
from prunebench.runner.local import Asked, NothingReadyError, Runner
from prunebench.specs.experiment import Spec

if TYPE_CHECKING:
    from prunebench.judging.from_runs import FromRuns
    from prunebench.runner.supply import Supply

SOURCE = pytest.StashKey[Source]()

JUDGED_LATER = "what was ready is trained; the same command without it judges"
"""Why the tests of a shard are skipped."""


class Pending:
    """Stands in for a row that is not stored yet: whoever asks it for a figure is told so."""

    def __getattr__(self, name: str) -> NoReturn:
        """Have nothing yet."""
        raise NothingReadyError

    def __getitem__(self, arm: str) -> NoReturn:
        """Have no arm yet."""
        raise NothingReadyError


PENDING = Pending()


class Supplier:
    """A pytest plugin that supplies the tests of a run with all they need, before they run.

    Attributes:
        gathering: whether tests are run only to learn what they need.
        trouble: why some of it is not there, a line each.
    """

    def __init__(self, make: Callable[[], tuple[FromRuns, Supply]], last: str = "") -> None:
        """Supply nothing yet.

        Args:
            make: returns what the tests ask, and what computes what they lack.
            last: why no test is judged after that; empty where they are.
        """
        self._make, self._last = make, last
        self.gathering = False
        self.trouble: list[str] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Any:
        """Supply, then let the tests run."""
        items = [item for item in session.items if item.get_closest_marker("claim")]
        if items and not session.config.option.collectonly:
            try:
                self._supply(items)
            except PrunebenchError as error:
                raise pytest.UsageError(str(error)) from error
            for item in items if self._last else ():
                item.add_marker(pytest.mark.skip(reason=self._last))
        return (yield)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Let a shard that lacks something end as broken: no test of it says so."""
        if self.trouble and self._last and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = BROKEN

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what is not there."""
        for line in self.trouble:
            terminalreporter.write_line(f"prunebench: {line}", yellow=True)

    def _supply(self, items: Sequence[pytest.Item]) -> None:
        """Ask and compute until nothing new can be had: a test may look twice, and name other rows then."""
        source, supply = self._make()
        try:
            while (asked := self._gather(items, source.runner)) and supply.run(asked):
                pass
        finally:
            supply.executor.close()
        source.runner.allow = _both(supply.refuse, source.runner.allow)
        self.trouble = [f"outcome {name[:12]} is not there: {error}" for name, error in supply.failed.items()]

    def _gather(self, items: Sequence[pytest.Item], runner: Runner) -> list[Asked]:
        """Return what the tests want and the store lacks."""
        asked: list[Asked] = []
        runner.asked, runner.helps, self.gathering = asked, True, True
        try:
            for item in items:
                runtestprotocol(item, nextitem=None, log=False)
        finally:
            runner.asked, runner.helps, self.gathering = None, False, False
        return asked


def _both(first: Callable[[Spec], None], then: Callable[[Spec], None]) -> Callable[[Spec], None]:
    def allow(spec: Spec) -> None:
        first(spec)
        then(spec)

    return allow


def share(text: str) -> float:
    """Return where `--pb-shard I/N` begins in a list, from 0 to 1.

    Raises:
        PrunebenchError: it is no such share.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    number, of = (int(part) for part in found.groups()) if found else (0, 0)
    if not 1 <= number <= of:
        raise PrunebenchError(
            f"--pb-shard {text}: give which of how many this one is, from 1/N to N/N, such as "
            "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT of an array that begins with 1"
        )
    return (number - 1) / of


def gathers(config: pytest.Config) -> bool:
    """Return whether tests are run now only to learn what they need."""
    supplier = config.pluginmanager.get_plugin("prunebench-supplier")
    return supplier is not None and supplier.gathering


def runs(config: pytest.Config) -> FromRuns:
    """Return the source that trains."""
    from prunebench.judging.from_runs import FromRuns
    from prunebench.plugin.worker import runner

    name = getattr(config, "workerinput", {}).get("workerid", "main")
    helper = config.pluginmanager.get_plugin("prunebench-helper")
    return FromRuns(runner(settings_of(config), name, option(config, "stored"), helper))


def supply(config: pytest.Config) -> None:
    """Let all that the tests need be computed before they run, where that is asked for."""
    shard, executor = option(config, "shard"), option(config, "executor")
    if not shard and (executor == "local" or config.getoption("numprocesses", None)):
        return
    from prunebench.plugin import worker
    from prunebench.runner.cluster import address_of

    try:
        address, first = None if shard else address_of(executor), share(shard) if shard else 0.0
    except PrunebenchError as error:
        raise pytest.UsageError(str(error)) from error
    if not shard and address is None:
        return

    def make() -> tuple[FromRuns, Supply]:
        config.stash[SOURCE] = source = runs(config)
        return source, worker.supply(settings_of(config), source.runner, address, first)

    supplier = Supplier(make, f"--pb-shard {shard}: {JUDGED_LATER}" if shard else "")
    config.pluginmanager.register(supplier, "prunebench-supplier")

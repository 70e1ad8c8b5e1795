"""Workers of `pytest -n` that have no test left train what the tests of the others still need.

A test is one worker's, yet its specs are many: seeds and arms. So a single row still keeps all workers and GPUs busy.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from prunebench.runner.board import Noticeboard
from prunebench.runner.local import NothingReadyError

PAUSE = 0.2
"""Seconds between two looks at the noticeboard."""

PATIENCE = 60.0
"""Seconds after which a worker looks for something to do though nobody stirred: who was at it may have broken down."""


class Helper:
    """A pytest plugin of a worker process: after its last test it runs those that have not ended yet, unreported.

    Attributes:
        board: of the run.
        helping: whether the worker's own tests are over.
    """

    def __init__(self, board: Noticeboard, instead: bool = False) -> None:
        """Help nobody yet.

        Args:
            board: of the run.
            instead: whether this worker stands in for one that broke down; then it does not touch what others are at.
        """
        self.board, self.helping = board, False
        self._instead, self._waits = instead, False
        self._claims: list[pytest.Item] = []

    def hands(self) -> int:
        """Return how many workers there are for each test that has not ended, rounded up."""
        left = sum(not self.board.has_ended(item.nodeid) for item in self._claims)
        return -(-int(os.environ["PYTEST_XDIST_WORKER_COUNT"]) // max(left, 1))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Tell the others that a test has ended."""
        self.board.end(nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Any:
        """Run the worker's own tests, then help."""
        self._claims = [item for item in session.items if item.get_closest_marker("claim")]
        ran = yield
        if not (self._instead or session.shouldstop or session.shouldfail):
            self.helping = True
            self._help(self._claims)
        return ran

    def _help(self, items: Sequence[pytest.Item]) -> None:
        """Come back to every test, as often as something may be ready, until it has ended or needs nothing more."""
        stirred, due = 0, time.monotonic() + PATIENCE
        while items := [item for item in items if not self.board.has_ended(item.nodeid)]:
            if stirred != (stirred := self.board.stirred()) or time.monotonic() > due:
                items = [item for item in items if self._needs_more(item)]
                due = time.monotonic() + PATIENCE
            time.sleep(PAUSE)

    def _needs_more(self, item: pytest.Item) -> bool:
        """Train what a test needs and nobody else is at; return whether that is not all."""
        self._waits = False
        runtestprotocol(item, nextitem=None, log=False)
        return self._waits

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Any:
        """Notice that a test waits for what others are at."""
        self._waits |= call.excinfo is not None and isinstance(call.excinfo.value, NothingReadyError)
        return (yield)

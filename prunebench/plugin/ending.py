"""How a run ends: on which signals, and with which exit code."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Any

import pytest

from prunebench.common.signals import as_ctrl_c

PROPERTY = "prunebench"
"""The property of a test's report that holds its finding."""

BROKEN = pytest.ExitCode.INTERNAL_ERROR
"""Ends a run in which a test came to no verdict because something broke; 1 is left for verdicts that fail."""


class Ending:
    """A pytest plugin of the process that starts a run.

    Attributes:
        broken: how many tests came to no verdict because something broke.
        workers: processes of the workers of `-n`.
    """

    def __init__(self) -> None:
        """Nothing has ended yet."""
        self.broken = 0
        self.workers: set[int] = set()
        self._undo = as_ctrl_c(self._tell_workers)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready(self, node: Any) -> None:
        """Know a worker."""
        self.workers.add(node.gateway._rinfo().pid)

    def _tell_workers(self) -> None:
        """Interrupt the workers too: unlike Ctrl-C in a terminal, these signals come to one process alone."""
        for worker in self.workers:
            with suppress(OSError):
                os.kill(worker, signal.SIGTERM)  # which a shell has not made them ignore, as it may SIGINT

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notice a test that broke."""
        found = any(name == PROPERTY for name, _ in report.user_properties)
        self.broken += report.failed and not (found and report.when == "call")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Tell a broken run from one with a verdict that fails."""
        if exitstatus == pytest.ExitCode.TESTS_FAILED and self.broken:
            session.exitstatus = BROKEN

    def pytest_unconfigure(self) -> None:
        """Leave the signals as they were."""
        self._undo()

"""What every run on claims ends with: its verdicts as a table and, where asked, as JSON."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from prunebench.common.errors import PrunebenchError
from prunebench.plugin.ending import PROPERTY
from prunebench.protocol.tables import hint
from prunebench.records.summary import check, entries, failed, save


class Closing:
    """A pytest plugin of the parent process that gathers what tests report.

    Attributes:
        findings: of the tests, as `Conclusion.as_property` has them.
        entries: of `--pb-json`.
        trouble: what went wrong beside the tests, a line each.
    """

    def __init__(self, config: pytest.Config, file: Path | None) -> None:
        """Check that the verdicts can be written before anything is judged.

        Args:
            config: pytest's.
            file: where all verdicts go as JSON, if anywhere.

        Raises:
            pytest.UsageError: the file cannot be written.
        """
        self.config, self.file = config, file
        self.findings: list[dict[str, Any]] = []
        self.entries: list[dict[str, Any]] = []
        self.trouble: list[str] = []
        try:
            check(file)
        except PrunebenchError as error:
            raise pytest.UsageError(str(error)) from error

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test found as soon as it is known."""
        found: list[Any] = [value for name, value in report.user_properties if name == PROPERTY]
        if report.failed and not found:
            self.entries.append(failed(report))
        if found and report.when == "call":
            self.findings.append(found[0])
            self.entries += entries(report.nodeid, found[0]["path"])
            self.take(found[0])

    def take(self, finding: dict[str, Any]) -> None:
        """Do what else is to be done with a finding."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write the verdicts."""
        if self.file is None or self.config.option.collectonly:
            return
        from prunebench.judging.report import with_q

        try:
            save(self.file, with_q(self.entries))
        except OSError as error:
            self.trouble.append(
                f"cannot write --pb-json {self.file}: {error.strerror}; the verdicts are in the records."
            )

    def show(self, terminalreporter: Any, margin: float, last: str) -> None:
        """Print the closing tables, and a last line."""
        from rich.console import Console

        from prunebench.judging.report import closing_tables

        if self.findings:
            terminalreporter.section("prunebench")
            width = terminalreporter._tw.fullwidth if sys.stdout.isatty() else 150
            console = Console(file=terminalreporter._tw._file, width=width, force_terminal=sys.stdout.isatty())
            for table in closing_tables(self.findings, margin):
                console.print(table)
            terminalreporter.write_line(last)

    def tell(self, terminalreporter: Any, exitstatus: int) -> None:
        """Print what went wrong beside the tests."""
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            self.trouble.append(hint(self.config.option.keyword))
        for line in self.trouble:
            terminalreporter.write_line(f"prunebench: {line}", yellow=True)

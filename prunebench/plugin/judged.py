"""A run that judges figures which are there: it trains nothing, and its verdicts are logged nowhere."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from prunebench.plugin.closing import Closing
from prunebench.plugin.options import OUT, settings_of


class JudgedRun(Closing):
    """A pytest plugin of the parent process; its records last as long as the run."""

    def __init__(self, config: pytest.Config, file: Path | None) -> None:
        """Make room for what is found; arguments and errors are those of `Closing`."""
        super().__init__(config, file)
        self.folder = None if OUT in config.stash else TemporaryDirectory(prefix="prunebench-")
        if self.folder is not None:
            config.stash[OUT] = Path(self.folder.name)
        self.settings = settings_of(config)

    def pytest_report_header(self) -> list[str]:
        """Say whose figures are judged, and by what."""
        tier = self.settings.tier
        said = "the paper's own numbers" if self.settings.judged is None else f"records in {self.settings.judged}"
        return [
            f"prunebench: {said}, tier {tier.name}, margin {tier.margin:g} points at {tier.confidence:.0%}; "
            "nothing is trained, nothing is logged"
        ]

    def pytest_sessionstart(self) -> None:
        """Let a test that is skipped say why."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.reportchars += "s" * ("s" not in reporter.reportchars)

    def pytest_terminal_summary(self, terminalreporter: Any, exitstatus: int) -> None:
        """Print the closing tables and what went wrong beside the tests."""
        self.show(terminalreporter, self.settings.tier.margin, "nothing was trained: these figures were there")
        self.tell(terminalreporter, exitstatus)

    def pytest_unconfigure(self) -> None:
        """Remove what was found."""
        if self.folder is not None:
            self.folder.cleanup()

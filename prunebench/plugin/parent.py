"""What only the parent process of a run does: header, live progress, logging to MLflow, versioning, closing tables."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from prunebench.common.errors import PrunebenchError
from prunebench.common.machine import cores
from prunebench.common.terminal import spell
from prunebench.judging.settings import Settings
from prunebench.plugin.closing import Closing
from prunebench.plugin.options import option
from prunebench.protocol.tiers import Tier
from prunebench.records.tracking import Tracker, TrackingError, resolve_uri
from prunebench.runner import environment
from prunebench.runner.progress import Reader, Status, open_stream
from prunebench.store.leftovers import sweep
from prunebench.store.opening import open_shared
from prunebench.store.shared import Shared
from prunebench.store.store import Store
from prunebench.store.versioning import add, content, is_versioned


class Parent(Closing):
    """A pytest plugin of the parent process; under `-n` it runs beside the workers, else around the tests."""

    def __init__(self, config: pytest.Config, settings: Settings, uri: str | None, file: Path | None) -> None:
        """Check that the store can be written before anything is trained.

        Args:
            config: pytest's.
            settings: of the run.
            uri: of the MLflow store, as given.
            file: where all verdicts go as JSON, if anywhere.

        Raises:
            pytest.UsageError: the store or the file cannot be written.
        """
        super().__init__(config, file)
        self.settings = settings
        self.store = Store(settings.data, settings.work)
        self.tracker = Tracker(resolve_uri(uri, settings.root))
        self.status: Status | None = None
        self.before = content(settings.data)
        self.board: TemporaryDirectory[str] | None = None
        self.shared: Shared | None = None
        if not config.option.collectonly:
            try:
                if not option(config, "stored"):
                    self.store.prepare()
                    sweep(self.store)
                    self.shared = open_shared(settings.remote, settings.data) if settings.remote else None
            except PrunebenchError as error:
                raise pytest.UsageError(str(error)) from error

    def pytest_report_header(self) -> list[str]:
        """Say what will be trained, on what, where it goes and how it will be judged."""
        s, tier = self.settings, self.settings.tier
        place = s.device if self.config.option.collectonly else environment.device(s.device, environment.gpus())
        return [
            f"prunebench: tier {tier.name} ({s.why}), {_seeds(s)}, "
            f"margin {tier.margin:g} points at {tier.confidence:.0%}",
            f"  data:    {_datasets(tier)}; {tier.summary}",
            f"  device:  {place}, {environment.processor()}, {cores()} cores; "
            f"{s.workers} worker(s) x {s.threads} thread",
            f"  store:   {s.data} ({len(self.before.outcomes)} outcomes); tracking: {self.tracker.uri}; "
            f"commit {environment.commit()}",
        ]

    def pytest_sessionstart(self) -> None:
        """Start the live progress."""
        folder = self.settings.work / "progress"
        shutil.rmtree(folder, ignore_errors=True)
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or self.config.option.collectonly:
            return
        reporter.reportchars += "s" * ("s" not in reporter.reportchars)  # a test that is skipped says why
        spell(reporter._tw._file)
        drawable = sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and self.config.option.capture != "no"
        self.status = Status(reporter._tw._file, open_stream(), Reader(folder), interactive=drawable)
        reporter._tw._file = self.status
        self.status.start()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Show a worker the noticeboard of this run."""
        if self.board is None:
            self.board = TemporaryDirectory(prefix="prunebench-")
        node.workerinput["pb_board"] = self.board.name

    def pytest_enter_pdb(self) -> None:
        """Leave the terminal to the debugger."""
        if self.status is not None:
            self.status.stop()

    def pytest_leave_pdb(self) -> None:
        """Show progress again."""
        if self.status is not None:
            self.status.start()

    def take(self, finding: dict[str, Any]) -> None:
        """Log a finding in MLflow."""
        from prunebench.records.record import load

        if self.trouble:
            return
        try:
            self.tracker.log(load(Path(finding["path"]).read_text()), self.store.text)
        except Exception as error:  # whatever MLflow meets must not end a run that trains for hours
            said = f"{error}" if isinstance(error, TrackingError) else f"MLflow failed: {error!r}."
            self.trouble.append(
                f"{said.rstrip('.')}. The run went on and its records are kept; `prunebench sync` logs them later."
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Version what is new; nothing is versioned after an interruption, since it may be half of a row."""
        if self.status is not None:
            self.status.stop()
        super().pytest_sessionfinish(exitstatus)
        self.trouble += filter(None, [self.shared.send_rest(self.store)] if self.shared else [])
        fresh = content(self.settings.data) != self.before
        if fresh and exitstatus != pytest.ExitCode.INTERRUPTED and is_versioned(self.settings.data):
            self.trouble += filter(None, [add(self.settings.data)])

    def pytest_unconfigure(self) -> None:
        """End the live progress for good."""
        if self.status is not None:
            self.status.close()
        if self.board is not None:
            self.board.cleanup()

    def pytest_terminal_summary(self, terminalreporter: Any, exitstatus: int) -> None:
        """Print the closing tables and what went wrong beside the tests."""
        computed = sum(finding["computed"] for finding in self.findings)
        place = self.settings.folder / self.settings.tier.name
        told = f"{computed} outcomes computed; records in {place}"
        nothing = "nothing was trained: every outcome was in the store"
        self.show(terminalreporter, self.settings.tier.margin, told if computed else nothing)
        self.tell(terminalreporter, exitstatus)


def _seeds(settings: Settings) -> str:
    counts = [str(look.seeds) for look in settings.looks]
    return f"{', '.join(counts)} seed{'s' * (counts != ['1'])}{' until it is settled' if len(counts) > 1 else ''}"


def _datasets(tier: Tier) -> str:
    """Return what stands for the paper's datasets, in words."""
    own = [f"{ours.name} in place of {paper}" for paper, ours in tier.substitutes.items()]
    others = "other " * bool(tier.substitutes.keys() - {tier.dataset})
    rest = [f"{tier.dataset} in place of every {others}dataset of the paper"] if tier.dataset else []
    return ", ".join([*own, *rest]) or "none of the paper's datasets is here"

"""The claim tests that a run would collect, without running one."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from prunebench.common.errors import PrunebenchError
from prunebench.common.places import claims_for
from prunebench.judging.settings import Settings
from prunebench.plugin.options import settings_of
from prunebench.protocol.tables import Row


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
    options += ["--collect-only", "-q", "--assert=plain", f"--pb-tier={tier}", f"--pb-data={data}"]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main([*claims_for(Path.cwd()), *options], plugins=[selection])
    if code != pytest.ExitCode.OK or selection.settings is None:
        raise PrunebenchError(f"no claim tests to plan for:\n{said.getvalue().strip()[-2000:]}")
    return selection, selection.settings

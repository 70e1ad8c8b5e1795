"""pytest glue: parameters, fixtures and outcomes of claim tests. It translates and decides nothing.

Its options are in `options`; header, progress and closing tables in `parent`. Importing it imports neither torch nor
mlflow nor numpy, so that `pytest --help` stays fast.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prunebench.common.errors import PrunebenchError
from prunebench.common.signals import as_ctrl_c
from prunebench.judging.figures import MissingFigureError
from prunebench.judging.settings import Settings
from prunebench.plugin.ending import PROPERTY, Ending
from prunebench.plugin.judged import JudgedRun
from prunebench.plugin.options import OUT, offer, option, settings_of
from prunebench.plugin.parent import Parent
from prunebench.plugin.supplying import PENDING, SOURCE, gathers, runs, supply
from prunebench.protocol import tables
from prunebench.runner.estimate import BudgetError
from prunebench.runner.local import NothingReadyError

if TYPE_CHECKING:
    from prunebench.judging.claim import Case
    from prunebench.judging.figures import Source
    from prunebench.protocol.tables import Row
    from prunebench.statistics import State, Verdict

CASE = pytest.StashKey["Case"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the options."""
    offer(parser)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker when the budget ends."""
    settings = settings_of(node.config)
    node.workerinput["pb_deadline"] = settings.deadline
    if settings.out is not None:
        node.workerinput["pb_out"] = str(settings.out)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Let tests be handed out one by one under `-n`, unless the user says how."""
    if config.getoption("numprocesses", None) and config.getoption("dist", "no") == "no":
        config.option.dist = "worksteal"


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "claim(id, table=(), only=None): a claim of the paper by its id; `table` gives the test the rows of a table or "
        "several, `only` those of them for which it is true",
    )


def activate(config: pytest.Config) -> None:
    """Make this run one on claims; called by `claims/conftest.py`."""
    if hasattr(config, "workerinput"):
        if "pb_out" in config.workerinput:
            config.stash[OUT] = Path(config.workerinput["pb_out"])
        as_ctrl_c()
        _lend_a_hand(config, config.workerinput)
        return
    if not config.pluginmanager.has_plugin("prunebench-ending"):
        config.pluginmanager.register(Ending(), "prunebench-ending")
    if config.pluginmanager.has_plugin("prunebench-parent"):
        return
    if option(config, "from"):
        run = JudgedRun(config, option(config, "json") and config.invocation_params.dir / option(config, "json"))
        config.pluginmanager.register(run, "prunebench-parent")
    else:
        settings, uri = settings_of(config), option(config, "tracking-uri")
        if not config.option.collectonly:
            _try(settings)
        file = option(config, "json") and config.invocation_params.dir / option(config, "json")
        config.pluginmanager.register(Parent(config, settings, uri, file), "prunebench-parent")
        supply(config)


def _lend_a_hand(config: pytest.Config, told: dict[str, Any]) -> None:
    from prunebench.runner.board import Noticeboard
    from prunebench.runner.helping import Helper

    if "pb_board" in told and not option(config, "stored") and not option(config, "from"):
        instead = int(told["workerid"].removeprefix("gw")) >= told["workercount"]
        config.pluginmanager.register(Helper(Noticeboard(Path(told["pb_board"])), instead), "prunebench-helper")


def _try(settings: Settings) -> None:
    fresh = "torch" not in sys.modules
    from prunebench.plugin.worker import check

    try:
        check(settings, fresh)
    except PrunebenchError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a claim test the rows of its table: one each as `row`, or all as `rows`."""
    marker = metafunc.definition.get_closest_marker("claim")
    if marker is None:
        return
    claim, rows = _read(marker, metafunc.definition)
    if "row" in metafunc.fixturenames and rows:
        metafunc.parametrize("row", rows, ids=[row.id for row in rows])
    if "rows" in metafunc.fixturenames:
        metafunc.parametrize("rows", [rows], ids=[claim])


def _read(marker: pytest.Mark, item: Any) -> tuple[str, list[Row]]:
    """Return a marker's claim and the rows that it names."""
    known = {*tables.load().claims, "control", "candidate"}
    unknown = sorted(set(marker.kwargs) - {"table", "only"})
    if unknown or len(marker.args) != 1 or marker.args[0] not in known:
        raise pytest.UsageError(
            f"{item.nodeid}: cannot read @pytest.mark.claim with {marker.args} and {marker.kwargs}; "
            f"valid: one id of {', '.join(sorted(known))}, and optionally table=... and only=..."
        )
    given = marker.kwargs.get("table", ())
    named = (given,) if isinstance(given, str) else tuple(given)
    wanted = marker.kwargs.get("only", lambda row: True)
    rows = {table: [row for row in tables.load().of_table(table) if wanted(row)] for table in named}
    for table in [table for table, found in rows.items() if not found]:
        raise pytest.UsageError(f"{item.nodeid}: table {table!r} has no such rows in claims/tables.yaml")
    return marker.args[0], [row for found in rows.values() for row in found]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let `-k` find a claim test by claim, table, method, network and dataset."""
    for item in items:
        if marker := item.get_closest_marker("claim"):
            item.extra_keyword_matches.update(map(str, marker.args))
            table = marker.kwargs.get("table")
            item.extra_keyword_matches.update([f"table-{table}"] if isinstance(table, str) else [])
            row = getattr(item, "callspec", None) and item.callspec.params.get("row")  # type: ignore[attr-defined]
            if row is not None:
                item.extra_keyword_matches.update((row.method, row.network, row.dataset))


@pytest.fixture(scope="session")
def _source(request: pytest.FixtureRequest) -> Source:
    config, settings = request.config, settings_of(request.config)
    if SOURCE in config.stash:
        return config.stash[SOURCE]
    if settings.figures == "paper":
        from prunebench.judging.from_paper import FromPaper

        return FromPaper()
    if settings.judged is not None:
        from prunebench.judging.from_records import read

        return read(settings.judged, settings.tier.name)
    return runs(config)


@pytest.fixture
def case(request: pytest.FixtureRequest, _source: Source) -> Case:
    """What a claim test observes and finds."""
    from prunebench.judging.bodies import told

    claim, _ = _read(request.node.get_closest_marker("claim"), request.node)
    settings = settings_of(request.config)
    if claim == "candidate" and not settings.method:
        pytest.skip("no method to judge: give --pb-method FILE.py:NAME")
    request.node.stash[CASE] = found = told(request.node).case(settings, _source)
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a claim test once per look, each with more seeds, until its verdict is settled."""
    from prunebench.judging.bodies import each_look
    from prunebench.judging.unfit import UnfitError

    case = pyfuncitem.stash.get(CASE, None)
    if case is None:
        return None
    arguments: dict[str, Any] = {
        name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters
    }
    settings = settings_of(pyfuncitem.config)
    try:
        each_look(case, settings, lambda: pyfuncitem.obj(**arguments))
    except UnfitError as error:
        arguments["judge"](case.nothing(error))
    except MissingFigureError as error:
        pytest.skip(f"{error}{case.source.remedy(case.name, settings.tier.name)}")
    return True


@pytest.fixture
def observe(case: Case, request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Train what a row lacks and return its arms: `observe(row)["finetune"]`; skip where the budget is at its end."""

    def named(row: Row, *args: Any, **kwargs: Any) -> Any:
        try:
            return case.observe(row, *args, **kwargs)
        except NothingReadyError:
            if gathers(request.config):
                return PENDING
            raise
        except BudgetError as error:
            pytest.skip(str(error))
        except Exception as error:
            error.add_note(f"in row {row.id}")
            raise

    return named


@pytest.fixture
def judge(case: Case, request: pytest.FixtureRequest) -> Callable[..., None]:
    """End a claim test: SUPPORTED passes, REFUTED fails, INCONCLUSIVE is an expected failure (`--pb-strict`: fails).

    A control says by `expect` which states it must end in; any other fails. What else it is told, `Case.recorded` says.
    """
    from prunebench.judging.bodies import unsettled

    def conclude(verdict: Verdict, expect: Sequence[State] = ("SUPPORTED",), **told: Any) -> None:
        unsettled(case, verdict, expect, told.get("of"))
        verdict = case.fair(verdict, told.get("of"))
        if case.source.helps:
            return
        concluded = case.conclude(verdict, expect=expect, **told)
        request.node.user_properties.append((PROPERTY, concluded.as_property()))
        if verdict.state in expect:
            return
        if verdict.state == "INCONCLUSIVE" and case.claim != "control" and not case.settings.strict:
            pytest.xfail(f"INCONCLUSIVE: {verdict.reason}")
        pytest.fail(f"{verdict.state}: {verdict.relation}. {verdict.reason}", pytrace=False)

    return conclude


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Show errors that explain themselves without a traceback."""
    report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, PrunebenchError):
        error = call.excinfo.value
        report.longrepr = "\n".join([str(error), *getattr(error, "__notes__", ())])
    return report

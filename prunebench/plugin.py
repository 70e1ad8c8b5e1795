"""pytest glue: options, header, parameters, fixtures, outcomes, closing table. It translates and decides nothing.

Importing it imports neither torch nor mlflow, so that `pytest --help` stays fast.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import pytest

from prunebench import tables
from prunebench.errors import PrunebenchError
from prunebench.estimate import Budget, BudgetError, Estimator, duration
from prunebench.parent import Parent
from prunebench.settings import Settings, resolve

if TYPE_CHECKING:
    from prunebench.claim import Case, Observed
    from prunebench.runner.local import Runner
    from prunebench.statistics import State, Verdict

SETTINGS = pytest.StashKey[Settings]()
PROPERTY = "prunebench"

OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "tier": (
        "how big a run is: smoke, or auto for the largest that this machine can run",
        {"default": "auto", "metavar": "TIER"},
    ),
    "seeds": ("how many seeds each row gets (default: the tier's)", {"type": int, "metavar": "N"}),
    "method": ("a pruning method of yours, for `-k candidate`", {"default": "", "metavar": "FILE.py:NAME|INSTALLED"}),
    "data": ("folder of datasets, checkpoints and records", {"default": "data", "metavar": "DIR"}),
    "tracking-uri": ("MLflow store (default: MLFLOW_TRACKING_URI, then sqlite:///mlflow.db)", {"metavar": "URI"}),
    "budget": (
        "start no training that would not end within this time, such as 9m or 1h30m; the next run goes on",
        {"default": "", "metavar": "TIME"},
    ),
    "strict": ("let INCONCLUSIVE fail instead of xfail", {"action": "store_true", "default": False}),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer every option on the command line and, by the same name with underscores, in the ini file."""
    group = parser.getgroup("prunebench", "prunebench: claims about pruning")
    for name, (text, settings) in OPTIONS.items():
        flag = {k: v for k, v in settings.items() if k != "default"}
        group.addoption(f"--pb-{name}", dest=_ini(name), default=None, help=text, **flag)
        kind: Literal["bool", "string"] = "bool" if "action" in settings else "string"
        parser.addini(_ini(name), f"{text}; as --pb-{name}", type=kind, default=settings.get("default"))


def _ini(name: str) -> str:
    return f"pb_{name.replace('-', '_')}"


def option(config: pytest.Config, name: str) -> Any:
    """Return an option's value: from the command line, else from the ini file, else its default."""
    given = config.getoption(_ini(name))
    if given is not None:
        return given
    value = config.getini(_ini(name))
    return int(value) if name == "seeds" and value is not None else value


def settings_of(config: pytest.Config) -> Settings:
    """Return the run's settings, resolved once."""
    if SETTINGS not in config.stash:
        workers = getattr(config, "workerinput", {}).get("workercount") or config.getoption("numprocesses", 0) or 1
        given = {name: option(config, name) for name in ("data", "tier", "seeds", "strict", "method")}
        try:
            config.stash[SETTINGS] = replace(
                resolve(config.rootpath, **given, workers=workers), deadline=_deadline(config)
            )
        except (PrunebenchError, ValueError) as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[SETTINGS]


def _deadline(config: pytest.Config) -> float | None:
    """Return when the budget ends; the workers of `-n` have it from their parent."""
    if hasattr(config, "workerinput"):
        found: float | None = config.workerinput["pb_deadline"]
        return found
    budget = option(config, "budget")
    return time.time() + duration(budget) if budget else None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker when the budget ends."""
    node.workerinput["pb_deadline"] = settings_of(node.config).deadline


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Let tests be handed out one by one under `-n`, unless the user says how."""
    if config.getoption("numprocesses", None) and config.getoption("dist", "no") == "no":
        config.option.dist = "worksteal"


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers", "claim(id, table=None): a claim of the paper by its id; `table` gives the test that table's rows"
    )


def activate(config: pytest.Config) -> None:
    """Make this run one on claims; called by `claims/conftest.py`."""
    if not hasattr(config, "workerinput") and not config.pluginmanager.has_plugin("prunebench-parent"):
        settings, uri = settings_of(config), option(config, "tracking-uri")
        if settings.method and not config.option.collectonly:
            _try_method(settings)
        config.pluginmanager.register(Parent(config, settings, uri), "prunebench-parent")


def _try_method(settings: Settings) -> None:
    """Load a user's method once before anything is trained."""
    from prunebench.pruning.registry import load

    try:
        load(settings.reference)
    except PrunebenchError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a claim test the rows of its table: one each as `row`, or all as `rows`."""
    marker = metafunc.definition.get_closest_marker("claim")
    if marker is None:
        return
    claim, table = _read(marker, metafunc.definition)
    rows = tables.load().of_table(table) if table else []
    if "row" in metafunc.fixturenames and table:
        metafunc.parametrize("row", rows, ids=[row.id for row in rows])
    if "rows" in metafunc.fixturenames:
        metafunc.parametrize("rows", [rows], ids=[claim])


def _read(marker: pytest.Mark, item: Any) -> tuple[str, str | None]:
    known = {*tables.load().claims, "control", "candidate"}
    unknown = sorted(set(marker.kwargs) - {"table"})
    if unknown or len(marker.args) != 1 or marker.args[0] not in known:
        raise pytest.UsageError(
            f"{item.nodeid}: cannot read @pytest.mark.claim with {marker.args} and {marker.kwargs}; "
            f"valid: one id of {', '.join(sorted(known))}, and optionally table=..."
        )
    table = marker.kwargs.get("table")
    if table is not None and not tables.load().of_table(table):
        raise pytest.UsageError(f"{item.nodeid}: table {table!r} has no rows in claims/tables.yaml")
    return marker.args[0], table


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let `-k` find a claim test by claim, method, network and dataset."""
    for item in items:
        if marker := item.get_closest_marker("claim"):
            item.extra_keyword_matches.update(map(str, marker.args))
            row = getattr(item, "callspec", None) and item.callspec.params.get("row")  # type: ignore[attr-defined]
            if row is not None:
                item.extra_keyword_matches.update((row.method, row.network, row.dataset))


@pytest.fixture(scope="session")
def _runner(request: pytest.FixtureRequest) -> Runner:
    from prunebench.runner.local import Runner
    from prunebench.runner.progress import Progress
    from prunebench.store import Store

    settings = settings_of(request.config)
    store = Store(settings.data, settings.work)
    store.prepare()
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    runner = Runner(store, Progress(settings.work / "progress", worker), settings.threads, settings.method_file)
    if settings.deadline is not None:
        runner.allow = Budget(settings.deadline, Estimator(store.data / "checkpoints", settings.threads)).allow
    return runner


@pytest.fixture
def case(request: pytest.FixtureRequest, _runner: Runner) -> Case:
    """What a claim test observes and finds."""
    from prunebench.claim import Case

    claim, _ = _read(request.node.get_closest_marker("claim"), request.node)
    if claim == "candidate" and not settings_of(request.config).method:
        pytest.skip("no method to judge: give --pb-method FILE.py:NAME")
    known = tables.load().claims.get(claim)
    doc = inspect.getdoc(request.function) or ""
    return Case(
        settings=settings_of(request.config),
        runner=_runner,
        claim=claim,
        name=request.node.originalname.removeprefix("test_"),
        statement=doc.split("\n\n")[0].replace("\n", " "),
        section=known.section if known else f"{claim}s",
        one_row="row" in request.fixturenames and claim != "control",
    )


@pytest.fixture
def observe(case: Case) -> Callable[..., Observed]:
    """Train what a row lacks and return its arms: `observe(row)["finetune"]`; skip where the budget is at its end."""

    def observed(*arguments: Any, **options: Any) -> Observed:
        try:
            return case.observe(*arguments, **options)
        except BudgetError as error:
            pytest.skip(str(error))

    return observed


@pytest.fixture
def judge(case: Case, request: pytest.FixtureRequest) -> Callable[..., None]:
    """End a claim test: SUPPORTED passes, REFUTED fails, INCONCLUSIVE is an expected failure (`--pb-strict`: fails).

    A control says by `expect` which states it must end in; any other fails.
    """

    def conclude(
        verdict: Verdict, aside: Sequence[Verdict] = (), paper: str = "", expect: Sequence[State] = ("SUPPORTED",)
    ) -> None:
        finding = case.conclude(verdict, aside, paper, expect)
        request.node.user_properties.append((PROPERTY, finding.as_property()))
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

"""The bodies of all claim tests, to be judged on figures of any source without a run of pytest for each.

pytest is asked once which claim tests there are, with which parameters; their functions are then called from here.
"""

from __future__ import annotations

import contextlib
import inspect
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from prunebench.common.errors import PrunebenchError
from prunebench.judging.claim import Case, statement
from prunebench.judging.figures import MissingFigureError, Source
from prunebench.judging.observed import Observed
from prunebench.judging.sequential import Unsettled
from prunebench.judging.settings import Settings
from prunebench.judging.unfit import NOTHING, UnfitError
from prunebench.protocol import tables
from prunebench.records.record import AnyRecord
from prunebench.statistics import State, Verdict, at_confidence

if TYPE_CHECKING:
    import pytest

Judge = Callable[..., None]


@dataclass(frozen=True)
class Told:
    """What a claim test is, apart from its figures.

    Attributes:
        claim: its id, `control` or `candidate`.
        name: of the test, with its parameters where one function makes several.
        statement: the claim in our words.
        section: of the paper, or `controls` or `candidates`.
        one_row: whether it judges a single row.
    """

    claim: str
    name: str
    statement: str
    section: str
    one_row: bool

    def case(self, settings: Settings, source: Source) -> Case:
        """Return the claim at work on figures of a source."""
        return Case(settings, source, self.claim, self.name, self.statement, self.section, self.one_row)


def told(item: pytest.Function) -> Told:
    """Return what a collected claim test is."""
    marker = item.get_closest_marker("claim")
    claim = marker.args[0] if marker else ""
    known = tables.load().claims.get(claim)
    name = str(item.originalname).removeprefix("test_")
    words = item.callspec.id.split("-") if hasattr(item, "callspec") else []
    apart = "-".join(word for word in words if "rows" not in item.fixturenames or word != claim)
    return Told(
        claim=claim,
        name=f"{name}.{apart}" if apart else name,
        statement=statement(inspect.getdoc(item.function)),
        section=known.section if known else f"{claim}s",
        one_row="row" in item.fixturenames and claim != "control",
    )


@dataclass(frozen=True)
class Body:
    """A claim test as a function of a source.

    Attributes:
        told: what it is.
        test: its node id.
        function: what pytest would call.
        parameters: what pytest would give it, by name.
        fixtures: functions of the fixtures that its module defines, by name.
    """

    told: Told
    test: str
    function: Callable[..., None]
    parameters: dict[str, Any]
    fixtures: dict[str, Callable[..., Any]]

    def name(self, method: str = "") -> str:
        """Return the name of its record; that of a candidate has its method in it."""
        row = self.parameters.get("row")
        if not self.told.one_row or row is None:
            return self.told.name
        from prunebench.protocol.assignment import named_after

        return str((named_after(row, method) if row.method == "candidate" and method else row).id)

    def call(self, case: Case, judge: Judge) -> None:
        """Run the test once; what it judges goes to `judge`.

        Raises:
            MissingFigureError: a figure that it asks for is not there.
        """
        given = {**self.parameters, "case": case, "observe": case.observe, "judge": judge}

        def value(name: str) -> Any:
            if name not in given:
                if name not in self.fixtures:
                    raise PrunebenchError(f"{self.test} asks for {name}, which only a run of pytest has")
                given[name] = self.fixtures[name](
                    **{n: value(n) for n in inspect.signature(self.fixtures[name]).parameters}
                )
            return given[name]

        with _skipping():
            self.function(**{name: value(name) for name in inspect.signature(self.function).parameters})

    def record(self, settings: Settings, source: Source) -> AnyRecord:
        """Return the record that the test would write, look by look as a run does.

        Raises:
            MissingFigureError: a figure that it asks for is not there, or it judges nothing on this dataset.
        """
        case = self.told.case(settings, source)
        found: list[AnyRecord] = []

        def judge(verdict: Verdict, expect: Sequence[State] = ("SUPPORTED",), **more: Any) -> None:
            unsettled(case, verdict, expect, more.get("of"))
            found.append(case.recorded(verdict, expect=expect, **more))

        try:
            each_look(case, settings, lambda: self.call(case, judge))
        except UnfitError as error:
            judge(case.nothing(error))
        if not found:
            raise MissingFigureError(f"{self.test} judges nothing")
        return found[0]


def unsettled(case: Case, verdict: Verdict, expect: Sequence[State], of: Sequence[Observed] | None = None) -> None:
    """Ask for another look where a verdict is open and there are more seeds to look at.

    Raises:
        Unsettled: it is so.
    """
    is_open = verdict.state == "INCONCLUSIVE" and verdict.state not in expect
    if case.fair(verdict, of).reason.startswith(NOTHING):
        return
    if is_open and len(case.settings.seeds) < case.settings.looks[-1].seeds:
        raise Unsettled


def each_look(case: Case, settings: Settings, call: Callable[[], None]) -> None:
    """Call a claim's test once per look, each with more seeds, until its verdict is settled."""
    for look, stage in zip(settings.looks, settings.stages, strict=True):
        case.settings = stage
        case.observed.clear()
        with contextlib.suppress(Unsettled), at_confidence(look.confidence, stage.tier.margin):
            call()
            break


@contextlib.contextmanager
def _skipping() -> Any:
    from _pytest.outcomes import Skipped

    try:
        yield
    except Skipped as skipped:
        raise MissingFigureError(str(skipped)) from skipped


@cache
def bodies(expression: str = "") -> tuple[Body, ...]:
    """Return all claim tests, or those that a `-k` expression selects.

    Raises:
        PrunebenchError: pytest collects none, or cannot; has what pytest said.
    """
    import pytest

    gathered, said = _Gathered(), io.StringIO()
    options = ["--collect-only", "-q", "--assert=plain", "-p", "no:prunebench-parent", "-p", "no:cacheprovider"]
    options += ["--pb-tier=smoke", *(["-k", expression] if expression else [])]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main([str(tables.DEFAULT.parent), *options], plugins=[gathered])
    if code != pytest.ExitCode.OK or not gathered.bodies:
        raise PrunebenchError(f"no claim tests to judge:\n{said.getvalue().strip()[-2000:]}")
    return tuple(gathered.bodies)


class _Gathered:
    """A pytest plugin that keeps the claim tests that were collected."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            if item.get_closest_marker("claim"):
                self.bodies.append(_body(item))  # type: ignore[arg-type]


def _body(item: pytest.Function) -> Body:
    defined = item._fixtureinfo.name2fixturedefs
    own = {name: found[-1].func for name, found in defined.items() if found[-1].func.__module__ == item.module.__name__}
    given = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    return Body(told(item), item.nodeid, item.obj, given, own)

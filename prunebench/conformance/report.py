"""The conformance report: every point on every family."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from prunebench.common.errors import PrunebenchError
from prunebench.common.userfile import said, where
from prunebench.conformance.families import FAMILIES
from prunebench.conformance.points import POINTS
from prunebench.conformance.trial import Failed, Skipped, Trial
from prunebench.specs.experiment import Method

NOT_RUN = "the method does not run here"
"""Why every other point is skipped where `runs` does not hold."""


@dataclass(frozen=True)
class Point:
    """How one point ended on one family.

    Attributes:
        family: kind of network.
        name: of the point.
        state: `ok`, `fail` or `skip`.
        seen: what was seen, or why it was skipped.
        expected: what should have been, for a failed point.
        where: where to look, for a failed point.
    """

    family: str
    name: str
    state: Literal["ok", "fail", "skip"]
    seen: str
    expected: str = ""
    where: str = ""


@dataclass(frozen=True)
class Report:
    """All points of one method.

    Attributes:
        method: with the sha256 of its source.
        points: family by family.
        seconds: that it took, imports not counted.
    """

    method: Method
    points: list[Point]
    seconds: float

    @property
    def failed(self) -> list[Point]:
        """The points that do not hold."""
        return [point for point in self.points if point.state == "fail"]

    @property
    def passed(self) -> bool:
        """Whether the method serves for some family and keeps to its contract on all that it serves for."""
        return not self.failed and any(point.state == "ok" for point in self.points)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        about = {"method": self.method.name, "source": self.method.source, "passed": self.passed}
        return {**about, "seconds": round(self.seconds, 2), "points": [asdict(point) for point in self.points]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Report:
        """Return the report that `to_json` wrote."""
        method = Method(data["method"], source=data["source"])
        return cls(method, [Point(**point) for point in data["points"]], data["seconds"])


def examine(reference: str) -> tuple[dict[str, Any], bytes]:
    """Try a method in this process, which is a child's, and answer the report.

    Args:
        reference: `path/to/file.py:NAME`, or the name of a method of the registry or of a package.
    """
    import torch

    from prunebench.pruning import installed, registry

    torch.set_num_threads(1)  # for networks so tiny more only wait for each other, longer still on a busy machine
    if ":" in reference or reference in installed.entries():
        method, own = registry.load(reference)
    else:
        method = registry.named(reference)
        own = registry.found(method)
    return check(method, own).to_json(), b""


def check(method: Method, own: Any) -> Report:
    """Try a method at every point on every family.

    Args:
        method: its name and source.
        own: the function or instance.
    """
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unwrapped parameters detected")  # Torch-Pruning, of every vision transformer
        points = [point for family in FAMILIES for point in _family(own, family)]
    return Report(method, points, time.perf_counter() - began)


def _family(own: Any, family: str) -> Iterator[Point]:
    trial, runs = Trial(own, family), True
    for name, examine in POINTS.items():
        point = _point(trial, family, name, examine) if runs else Point(family, name, "skip", NOT_RUN)
        runs = runs and (name != "runs" or point.state == "ok")
        yield point


def _point(trial: Trial, family: str, name: str, examine: Callable[[Trial], str]) -> Point:
    try:
        return Point(family, name, "ok", examine(trial))
    except Skipped as skipped:
        return Point(family, name, "skip", str(skipped))
    except Failed as failed:
        return Point(family, name, "fail", failed.came, failed.expected, failed.where)
    except Exception as error:  # whatever a user's method raises is a point that fails
        expected, line = (examine.__doc__ or "").rstrip("."), where(error.__cause__ or error)[2:-1]
        seen = str(error) if isinstance(error, PrunebenchError) else said(error)
        return Point(family, name, "fail", seen, expected, line or "the message")

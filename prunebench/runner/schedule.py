"""Which outcome goes first, and how long all of them take on so many GPUs: list scheduling over the graph of specs.

Pure: outcomes are names with seconds and inputs. Whoever is free takes, of what is ready, the one with the longest way
to the end (R. L. Graham, Bounds on Multiprocessing Timing Anomalies, SIAM J. Appl. Math. 17, 1969). So the whole takes
at least the critical path and the work's share of each GPU, and at most (work - critical path) / GPUs + critical path.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One outcome of a graph.

    Attributes:
        seconds: that it takes.
        inputs: names of the outcomes that it starts from, as far as they are in the graph.
    """

    seconds: float
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Timing:
    """What a simulated run comes to.

    Attributes:
        gpus: that work.
        makespan: seconds from beginning to end.
        work: seconds of all outcomes together.
        critical: seconds of the longest chain of outcomes that start from each other.
    """

    gpus: int
    makespan: float
    work: float
    critical: float

    @property
    def idle(self) -> float:
        """Share of the GPUs' time in which they have nothing to do."""
        return 1 - self.work / (self.gpus * self.makespan) if self.makespan else 0.0


def in_order(graph: Mapping[str, Step]) -> Iterator[str]:
    """Yield all names, each after its inputs.

    Raises:
        ValueError: some start from each other in a circle.
    """
    waits = {name: len({*step.inputs}) for name, step in graph.items()}
    followers = _followers(graph)
    ready = [name for name, count in waits.items() if not count]
    for name in ready:
        yield name
        for follower in followers[name]:
            waits[follower] -= 1
            if not waits[follower]:
                ready.append(follower)
    if len(ready) < len(graph):
        raise ValueError("the graph has a circle")


def ranks(graph: Mapping[str, Step]) -> dict[str, float]:
    """Return how long each outcome and the longest chain of what follows from it take, in seconds."""
    followers, found = _followers(graph), dict[str, float]()
    for name in reversed([*in_order(graph)]):
        found[name] = graph[name].seconds + max((found[follower] for follower in followers[name]), default=0.0)
    return found


def simulate(graph: Mapping[str, Step], gpus: int) -> Timing:
    """Return what a run takes where whoever is free takes what has the longest way to the end.

    Args:
        graph: outcomes by name.
        gpus: 1 or more, each at one outcome at a time.
    """
    first, followers = ranks(graph), _followers(graph)
    waits = {name: len({*step.inputs}) for name, step in graph.items()}
    ready = [(-first[name], name) for name, count in waits.items() if not count]
    heapq.heapify(ready)
    busy: list[tuple[float, str]] = []
    now = 0.0
    while ready or busy:
        while ready and len(busy) < gpus:
            name = heapq.heappop(ready)[1]
            heapq.heappush(busy, (now + graph[name].seconds, name))
        now, done = heapq.heappop(busy)
        for follower in followers[done]:
            waits[follower] -= 1
            if not waits[follower]:
                heapq.heappush(ready, (-first[follower], follower))
    return Timing(gpus, now, sum(step.seconds for step in graph.values()), max(first.values(), default=0.0))


def _followers(graph: Mapping[str, Step]) -> dict[str, Sequence[str]]:
    found: dict[str, list[str]] = {name: [] for name in graph}
    for name, step in graph.items():
        for part in {*step.inputs}:
            found[part].append(name)
    return dict(found)

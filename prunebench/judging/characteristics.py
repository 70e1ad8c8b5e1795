"""Operating characteristics: how often a claim ends in each state when a truth is given, in one tier."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from prunebench.judging.bodies import Body, each_look
from prunebench.judging.figures import MissingFigureError
from prunebench.judging.from_truth import FromTruth, Group, Truth
from prunebench.judging.sequential import Look
from prunebench.judging.settings import Settings
from prunebench.judging.spread import Spread
from prunebench.statistics import State, Verdict

STATES: tuple[State, ...] = ("SUPPORTED", "REFUTED", "INCONCLUSIVE")

MOST, FEWEST = 200, 40
"""Draws of each truth; fewer for claims whose draws take long."""

SECONDS = 0.4
"""CPU seconds that the draws of one truth may take, so that all claims are done in minutes."""

DISCRIMINATES = 0.2
"""A claim does not discriminate if it ends SUPPORTED more often than this under the opposite of what it says."""

POWER = 0.8

MANY = 16
"""Groups of figures that are still tried one by one for the side of a claim that they are on."""

LADDER = (2, 3, 5, 8, 12, 20, 30, 50)
"""Numbers of seeds that are tried for a power of 80 %."""


@dataclass(frozen=True)
class Characteristics:
    """What one claim test can tell in a tier.

    Attributes:
        claim: its id.
        test: name of its record.
        tier: of the spread.
        n: seeds.
        truth: by `paper`, `none` and `opposite`, the share of draws that ends in each state.
        seeds: smallest number of `LADDER` that gives SUPPORTED in 80 % under the paper's truth; None if none does.
        draws: of each truth.
        relation: that is tested, in words.
    """

    claim: str
    test: str
    tier: str
    n: int
    truth: Mapping[str, Mapping[str, float]]
    seeds: int | None
    draws: int
    relation: str

    @property
    def discriminates(self) -> bool:
        """Whether it ends SUPPORTED seldom enough under the opposite of what it says."""
        return self.truth["opposite"]["SUPPORTED"] <= DISCRIMINATES

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "discriminates": self.discriminates,
        }


@dataclass
class Trial:
    """One claim test, run on draws.

    Attributes:
        body: of the claim.
        settings: of the tier.
        spread: of the tier.
        stream: random numbers; each draw has its own.
    """

    body: Body
    settings: Settings
    spread: Spread
    stream: int = 0
    seen: FromTruth | None = field(default=None)

    def once(self, truth: Truth, draw: int, seeds: int) -> Verdict:
        """Return the verdict on one draw.

        Raises:
            MissingFigureError: the claim judges nothing on drawn figures.
        """
        import numpy as np

        self.seen = FromTruth(truth, self.spread, np.random.default_rng((self.stream, draw)))
        settings = _with_seeds(self.settings, seeds)
        case = self.body.told.case(settings, self.seen)
        found: list[Verdict] = []

        def judge(verdict: Verdict, **more: Any) -> None:
            found.append(verdict)

        each_look(case, settings, lambda: self.body.call(case, judge))
        if not found:
            raise MissingFigureError(f"{self.body.test} judges nothing")
        return found[0]

    def shares(
        self, truth: Truth, seeds: int, most: int = MOST, limit: float = SECONDS
    ) -> tuple[dict[str, float], int]:
        """Return the share of draws that ends in each state, and how many draws there were."""
        counted: Counter[str] = Counter()
        began = time.process_time()
        for draw in range(most):
            counted[self.once(truth, draw, seeds).state] += 1
            if draw + 1 >= FEWEST and time.process_time() - began > limit:
                break
        draws = counted.total()
        return {state: round(counted[state] / draws, 3) for state in STATES}, draws


def _with_seeds(settings: Settings, seeds: int) -> Settings:
    return replace(settings, seeds=tuple(range(seeds)), looks=(Look(seeds, settings.tier.confidence),))


def characteristics(body: Body, settings: Settings, spread: Spread, seeds: int) -> Characteristics:
    """Return what a claim test can tell in a tier.

    Truths are the paper's own differences, none, and their opposite; where the paper has no numbers, one margin of the
    tier either way, and for patterns half the bound of the test more or less than it.

    Raises:
        MissingFigureError: it judges nothing on drawn figures.
    """
    trial = Trial(body, settings, spread)
    first = trial.once(Truth(), 0, seeds)
    truths = _truths(trial, first, settings.tier.margin, seeds)
    found = {name: trial.shares(truth, seeds) for name, truth in truths.items()}
    shares = {name: each for name, (each, _) in found.items()}
    if shares["opposite"]["SUPPORTED"] > shares["paper"]["SUPPORTED"] and truths["paper"].paper:
        shares["opposite"] = shares["paper"]  # the paper's numbers are themselves against the sentence
    needed = _seeds(trial, truths["paper"], shares["paper"]["SUPPORTED"], seeds)
    draws = min(count for _, count in found.values())
    facts = (body.told.claim, body.name(), settings.tier.name, seeds, shares, needed, draws)
    return Characteristics(*facts, first.relation)


def _truths(trial: Trial, first: Verdict, margin: float, seeds: int) -> dict[str, Truth]:
    """Return the three truths of a claim whose verdict on figures without an effect is `first`."""
    seen = trial.seen
    assert seen is not None
    if seen.patterned:
        return _levels(trial, first.margin, seeds)
    equal = " equivalent to " in first.relation
    apart = dict(zip(sorted(seen.groups), (margin, -margin), strict=False)) if equal else {}
    if not seen.lacking:
        return {"paper": Truth(1.0), "none": Truth(), "opposite": Truth(0.0, apart) if equal else Truth(-1.0)}
    signs = {} if equal else _signs(trial, margin, _bundles(sorted(seen.groups)), seeds)
    half = {group: sign * margin / 2 for group, sign in signs.items()}
    turned = {group: -shift for group, shift in half.items()}
    if len(signs) > MANY and set(signs.values()) == {
        -1
    }:  # of no method in particular: the opposite is that one is ahead
        half, turned = {}, {group: 2 * margin for group in signs if group[0] == min(signs)[0]}
    return {"paper": Truth(0.0, half), "none": Truth(), "opposite": Truth(0.0, apart or turned)}


def _bundles(groups: Sequence[Group]) -> list[list[Group]]:
    """Return groups that move together: each by itself, but of many those of one arm, or of one method."""
    arms = {arm for *_, arm in groups}
    alike: dict[Any, list[Group]] = {}
    for group in groups:
        alike.setdefault(group if len(groups) <= MANY else group[2 if len(arms) > 1 else 0], []).append(group)
    return list(alike.values())


def _levels(trial: Trial, bound: float, seeds: int) -> dict[str, Truth]:
    """Return truths about patterns: the side of the bound that speaks for the claim, the bound, the other side."""
    low, high = Truth(level=bound / 2), Truth(level=1.5 * bound)
    chances = [trial.shares(truth, seeds, FEWEST)[0]["SUPPORTED"] for truth in (low, high)]
    held, against = (low, high) if chances[0] >= chances[1] else (high, low)
    return {"paper": held, "none": Truth(level=bound), "opposite": against}


def _signs(trial: Trial, margin: float, bundles: Sequence[Sequence[Group]], seeds: int) -> dict[Group, int]:
    """Return by group whether a larger mean of its bundle speaks for the claim (1), against it (-1), or neither.

    Seen by what becomes of p, at a spread at which p is neither 0 nor 1.
    """
    wide = {arm: max(own, margin) for arm, own in trial.spread.arms.items()}
    rough = replace(trial, spread=replace(trial.spread, arms=wide, rows={}))
    found: dict[Group, int] = {}
    for bundle in bundles:
        lower, higher = (Truth(0.0, dict.fromkeys(bundle, shift)) for shift in (-margin, margin))
        change = sum(_doubt(rough.once(lower, n, seeds)) - _doubt(rough.once(higher, n, seeds)) for n in range(3))
        found |= dict.fromkeys(bundle, (change > 1e-6) - (change < -1e-6))
    return found


def _doubt(verdict: Verdict) -> float:
    """Return the logarithm of the odds that p stands for: more where less speaks for the claim."""
    p = min(max(0.5 if verdict.p is None else verdict.p, 1e-300), 1 - 1e-15)
    return math.log(p) - math.log1p(-p)


def _seeds(trial: Trial, truth: Truth, seen: float, seeds: int) -> int | None:
    """Return the smallest number of seeds on the ladder that has the power."""
    tried = [n for n in LADDER if (n <= seeds if seen >= POWER else n > seeds)]

    def enough(n: int) -> bool:
        return (n == seeds and seen >= POWER) or trial.shares(truth, n, FEWEST)[0]["SUPPORTED"] >= POWER

    low, high = 0, len(tried)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(tried[middle]) else (middle + 1, high)
    return tried[low] if low < len(tried) else seeds if seen >= POWER else None


_WORK: list[Callable[[int], Characteristics | None]] = []
"""What the processes of `all_of` do; they are forked from this one, since functions of claims do not travel."""


def all_of(
    bodies: Sequence[Body], settings: Settings, spread: Spread, seeds: int, workers: int
) -> Iterator[Characteristics]:
    """Yield the characteristics of claims, in their order; those that judge nothing on drawn figures are left out."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_all_start_methods, get_context

    def one(i: int) -> Characteristics | None:
        try:
            return characteristics(bodies[i], settings, spread, seeds)
        except MissingFigureError:
            return None

    _WORK[:] = [one]
    if workers < 2 or "fork" not in get_all_start_methods():
        yield from filter(None, map(one, range(len(bodies))))
        return
    with ProcessPoolExecutor(workers, get_context("fork")) as pool:
        yield from filter(None, pool.map(_at_work, range(len(bodies))))


def _at_work(i: int) -> Characteristics | None:
    return _WORK[0](i)

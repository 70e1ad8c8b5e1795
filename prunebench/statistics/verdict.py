"""What a test says, and the question that it answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from prunebench.statistics.samples import Difference

State = Literal["SUPPORTED", "REFUTED", "INCONCLUSIVE"]

Finding = Literal["better", "worse", "equal", "open"]
"""What the interval of A - B says, whatever was claimed: all above 0, all below 0, within what counts as equal."""

WIDEST = 100.0
"""Where nothing is known the bounds are -100 and 100: accuracies in percent differ by no more, and JSON has no inf."""

_WIDEST_OF_OTHER_UNITS = 1e12

CONFIDENCE = 0.95
"""Of each bound, where nothing else is said."""

_CONFIDENCE: ContextVar[float] = ContextVar("confidence", default=CONFIDENCE)
_EQUAL: ContextVar[float] = ContextVar("equal", default=0.0)


@contextmanager
def at_confidence(confidence: float, equal: float | None = None) -> Iterator[None]:
    """Give every relation that is tested inside this confidence, unless it is given one of its own.

    So the looks of a sequential run judge at the levels that are theirs, while the claims read the same.

    Args:
        confidence: of each bound.
        equal: points up to which the finding of a relation that has no margin calls two arms equal, the margin of the
            tier; None leaves it as it is.
    """
    level = _CONFIDENCE.set(confidence)
    width = _EQUAL.set(_EQUAL.get() if equal is None else equal)
    try:
        yield
    finally:
        _CONFIDENCE.reset(level)
        _EQUAL.reset(width)


@dataclass(frozen=True)
class Verdict:
    """What one test says.

    Attributes:
        state: SUPPORTED, REFUTED or INCONCLUSIVE.
        relation: what was tested, such as `scratch_b at least finetune`.
        margin: by how much the relation may fail and still count, or the bound that it names, in `unit`.
        confidence: of each of the two one-sided bounds.
        difference: estimate of A - B, or of what else the relation speaks of, in `unit`.
        lower: one-sided lower bound of the difference.
        upper: one-sided upper bound.
        p: p-value against "the relation fails"; None where a side has fewer than two seeds.
        n: seeds of A and of B, summed over the rows; seeds and layers (or points, methods) where there is no B.
        power: P(SUPPORTED) were A and B equal, at the spread and n seen; None where it has no meaning.
        seeds_needed: smallest equal number of seeds per side (in each row) that would settle an INCONCLUSIVE if means
            and spreads stayed; None where it is settled, no number up to `MOST_SEEDS` would do, or it is not known.
        reason: one plain sentence.
        unit: what `difference` and its bounds are in: `points` of accuracy, `rows`, `kept share`, `tau`, `seconds`, ...
        paper: what the same test says of the paper's own numbers; None where they allow none.
        sides: what was compared, a difference for each row; empty for what is no difference of samples.
        numbers: what the test was given where that is no difference: lists by a name, as the test's docstring has them.
        p_refuted: p-value against "the relation holds", by which it is REFUTED; None as for `p`.
        equal: points on either side of 0 within which the finding calls A and B equal.
    """

    state: State
    relation: str
    margin: float
    confidence: float
    difference: float
    lower: float
    upper: float
    p: float | None
    n: tuple[int, int]
    power: float | None
    seeds_needed: int | None
    reason: str
    unit: str = "points"
    paper: Verdict | None = None
    sides: tuple[Difference, ...] = field(default=(), compare=False, repr=False)
    numbers: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict, compare=False, repr=False)
    p_refuted: float | None = None
    equal: float = 0.0

    @property
    def finding(self) -> Finding | None:
        """What the interval says of A against B, beside the state: None where it is not of a difference of A and B.

        A claim that A beats B and one that A is no worse than B have the same finding on the same numbers.
        """
        if not self.sides or self.unit == "rows":
            return None
        if self.lower > 0 or self.upper < 0:
            return "better" if self.lower > 0 else "worse"
        return "equal" if -self.equal < self.lower and self.upper < self.equal else "open"


@dataclass(frozen=True)
class Question:
    """What a test is asked.

    Attributes:
        relation: the sentence that it decides.
        subject: the quantity that is estimated, such as `scratch_b - finetune`.
        margin: as in the verdict.
        confidence: of each bound; None for that of the run, which is 0.95 unless `at_confidence` says otherwise.
        unit: of the quantity.
    """

    relation: str
    subject: str
    margin: float
    confidence: float | None = None
    unit: str = "points"

    @property
    def equal(self) -> float:
        """As in the verdict: the margin, or where the relation has none that of the tier."""
        return self.margin if self.margin > 0 else _EQUAL.get() if self.unit == "points" else 0.0

    @property
    def level(self) -> float:
        """The confidence of each bound.

        Raises:
            ValueError: it is no probability above 0.5.
        """
        level = _CONFIDENCE.get() if self.confidence is None else self.confidence
        if not 0.5 < level < 1:
            raise ValueError(f"confidence {level} given; it is a probability above 0.5 and below 1, such as 0.95")
        return level

    def state(self, bounds: tuple[float, float, float]) -> State:
        """Return what an estimate's lower and upper bound say of "it lies above -margin"."""
        _, lower, upper = bounds
        return "SUPPORTED" if lower > -self.margin else "REFUTED" if upper < -self.margin else "INCONCLUSIVE"

    def open(self, estimate: float, n: tuple[int, int], reason: str) -> Verdict:
        """Return INCONCLUSIVE where no test is possible; nothing is known of the bounds."""
        widest = WIDEST if self.unit == "points" else _WIDEST_OF_OTHER_UNITS
        return self.answer("INCONCLUSIVE", (estimate, -widest, widest), None, n, reason)

    def answer(
        self,
        state: State,
        bounds: tuple[float, float, float],
        p: float | None,
        n: tuple[int, int],
        reason: str = "",
        bar: str = "",
        power: float | None = None,
        seeds: int | None = None,
        against: float | None = None,
        lead: str = "",
    ) -> Verdict:
        """Return the verdict: `bounds` are estimate, lower and upper; by default the sentence states them and `bar`.

        The sentence stands after the `lead`, if there is one.
        `p` and `against` are the p-values by which it is SUPPORTED and REFUTED.
        """
        estimate, lower, upper = map(float, bounds)
        reason = reason or lead + self._sentence(estimate, lower, upper, bar, seeds)
        facts = (self.relation, self.margin, self.level, estimate, lower, upper, p, n, power, seeds, reason, self.unit)
        return Verdict(state, *facts, p_refuted=against, equal=self.equal)

    def _sentence(self, estimate: float, lower: float, upper: float, bar: str, seeds: int | None) -> str:
        form = "+.2f" if self.unit == "points" else "+.3g"
        would = ", and more seeds may settle it, as `--pb-seeds auto` adds them" if seeds else ""
        return (
            f"{self.subject} is {estimate:{form}} {self.unit}, with {100 * self.level:.3g} % confidence each above "
            f"{lower:{form}} and below {upper:{form}}; it is held against {bar}{would}."
        )

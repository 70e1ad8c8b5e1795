"""What a verdict compared -> that verdict anew: all tests that may have been made, until one says the same words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, permutations
from typing import Any

from prunebench import statistics
from prunebench.common.errors import PrunebenchError
from prunebench.judging.observed import Observed, differences, within_std
from prunebench.records.parts import Summary, VerdictRecord
from prunebench.records.record import ClaimRecord
from prunebench.statistics import Difference, Sample, Verdict
from prunebench.statistics.samples import row_count

Names = tuple[str, str]

SIDES = re.compile(
    r"(.+?) (?:at least|greater than|equivalent to|above) (.+?)"
    r"(?: [-+] [\d.]+)?(?: (?:on the mean of|in each of|in some of) \d+ rows| in at least \d+ of \d+ rows)?"
)
"""The names of both sides in the sentence of a test."""

TIMES_FEWER = re.compile(r" with (\S+) times fewer ")

PATTERNS = re.compile(r"(.+) (?:varies over seeds|over stages spread) by (?:more|less) than .+")

SLOPE = re.compile(r"slope of (.+) over doublings of (.+) below .+")

PAIR_WITH_MARGIN = (statistics.at_least, statistics.equivalent)
ROWS_WITH_MARGIN = (
    statistics.mean_at_least,
    statistics.mean_equivalent,
    statistics.every_at_least,
    statistics.every_equivalent,
    statistics.any_greater,
)
ROWS_WITHOUT_MARGIN = (statistics.mean_greater, statistics.every_greater)


class NotRederivableError(PrunebenchError):
    """A verdict does not follow from these records alone; the text says what is missing."""


def retest(verdict: VerdictRecord, gaps: Sequence[Difference], names: Names) -> Verdict | None:
    """Return what the test that a verdict names says of these differences, None where no test here is that one."""
    facts: dict[str, Any] = {"confidence": verdict.confidence, "names": names}
    tests = chain(_on_pair(gaps, verdict, facts), _on_rows(gaps, verdict, facts), _counts(gaps, verdict, facts))
    return next((found for found in tests if found.relation == verdict.relation), None)


def on_sides(verdict: VerdictRecord) -> Verdict:
    """Return the verdict that its own sides give.

    Raises:
        NotRederivableError: it has none, or no test that is known here has its relation.
    """
    sides = [Difference(_sample(s.a), _sample(s.b), s.weight, paired=s.paired) for s in verdict.sides]
    said = SIDES.fullmatch(verdict.relation)
    found = retest(verdict, sides, (said[1], said[2])) if said and sides else None
    if found is None:
        raise NotRederivableError(f"{verdict.relation[:200]!r} cannot be derived again from what its record has")
    return found


def _sample(summary: Summary) -> Sample:
    known = dict(summary)
    return Sample(**known | {name: tuple(known[name]) for name in ("values", "seeds")})


def on_numbers(verdict: VerdictRecord) -> Verdict:
    """Return the verdict that the numbers in its record give, which are no differences of samples.

    Raises:
        NotRederivableError: no test that is known here has its relation, or takes such numbers.
    """
    tests = _on_patterns(verdict), _on_places(verdict), _on_measures(verdict)
    why = ""
    try:
        found = next((one for one in chain(*tests) if one.relation == verdict.relation), None)
    except (ValueError, LookupError) as error:
        found, why = None, f": {str(error)[:200]}"
    if found is None:
        said = f"{verdict.relation[:200]!r} cannot be derived again from the numbers in its record"
        raise NotRederivableError(said + why)
    return found


def _on_patterns(verdict: VerdictRecord) -> Iterator[Verdict]:
    if (said := PATTERNS.fullmatch(verdict.relation)) and "patterns" in verdict.numbers:
        for test in (statistics.consistent, statistics.uneven, statistics.even):
            yield test(verdict.numbers["patterns"], verdict.margin, verdict.confidence, name=said[1])


def _on_places(verdict: VerdictRecord) -> Iterator[Verdict]:
    if said := SLOPE.fullmatch(verdict.relation):
        points = {float(at): values[0] for at, values in verdict.numbers.items()}
        unit = verdict.unit.removesuffix(" per doubling")
        yield statistics.slope_below(points, verdict.margin, verdict.confidence, said[1], said[2], unit)


def _on_measures(verdict: VerdictRecord) -> Iterator[Verdict]:
    if verdict.unit == "tau" and len(verdict.numbers) > 1:
        names = tuple(verdict.numbers)
        x, y, *more = ({str(i): values for i, values in enumerate(of)} for of in verdict.numbers.values())
        against = more[0] if more else None
        yield statistics.tau_greater(x, y, against, verdict.confidence, names=(names[0], names[1], names[-1]))


def on_curves(verdict: VerdictRecord, claim: ClaimRecord) -> Verdict | None:
    """Return the verdict that the curves of a claim's record give, None where it compares no two of them."""
    times = TIMES_FEWER.search(verdict.relation)
    for names in permutations(claim.curves, 2):
        a, b = (claim.curves[name] for name in names)
        facts: dict[str, Any] = {"confidence": verdict.confidence, "names": names, "axis": claim.axes[0]}
        tests = (statistics.curve_at_least, statistics.curve_equivalent)
        found = [test(a, b, verdict.margin, **facts) for test in tests]
        found.append(statistics.curve_greater(a, b, **facts))
        if times:
            found.append(statistics.curve_efficiency(a, b, float(times[1]), verdict.margin, **facts))
        if same := next((one for one in found if one.relation == verdict.relation), None):
            return same
    return None


def unions(verdict: VerdictRecord, rows: list[Observed]) -> Iterator[tuple[Names, list[Difference]]]:
    """Yield the pairs of which a side is several arms, as claims over many rows name them, with their differences."""
    known: dict[Names, tuple[Names, ...]] = {
        ("scratch", "finetune"): (("scratch_e", "finetune"), ("scratch_b", "finetune")),
        ("scratch_b", "the others"): (("scratch_b", "pruned"), ("scratch_b", "scratch_e")),
    }
    for names, pairs in known.items():
        if verdict.relation.startswith(f"{names[0]} ") and names[1] in verdict.relation:
            yield names, [gap for pair in pairs for gap in _differences(rows, pair)]
    if "pipeline" in verdict.relation:
        soft = [row for row in rows if row.job.row.method == "soft_filter"]
        hard = [row for row in rows if row.job.row.method != "soft_filter"]
        gaps = _differences(hard, ("scratch_b", "finetune")) + _differences(soft, ("scratch_b", "pruned"))
        yield ("scratch_b", "pipeline"), gaps


def _differences(rows: list[Observed], pair: Names) -> list[Difference]:
    return differences(rows, *pair) if all(arm in row.record.arms for row in rows for arm in pair) else []


def _on_pair(gaps: Sequence[Difference], verdict: VerdictRecord, facts: dict[str, Any]) -> Iterator[Verdict]:
    if len(gaps) == 1:
        sides = gaps[0].a, gaps[0].b
        yield from (test(*sides, verdict.margin, unit=verdict.unit, **facts) for test in PAIR_WITH_MARGIN)
        yield statistics.greater(*sides, unit=verdict.unit, **facts)


def _on_rows(gaps: Sequence[Difference], verdict: VerdictRecord, facts: dict[str, Any]) -> Iterator[Verdict]:
    if verdict.relation.endswith(" rows"):
        yield from (test(gaps, verdict.margin, unit=verdict.unit, **facts) for test in ROWS_WITH_MARGIN)
        yield from (test(gaps, unit=verdict.unit, **facts) for test in ROWS_WITHOUT_MARGIN)


def _counts(gaps: Sequence[Difference], verdict: VerdictRecord, facts: dict[str, Any]) -> Iterator[Verdict]:
    a, b = facts["names"]
    for needed in range(1, row_count(gaps) + 1) if " in at least " in verdict.relation else ():
        yield statistics.count_at_least(gaps, needed, margin=verdict.margin, **facts)
        lifted = {**facts, "names": (f"{a} + one std", b)}
        yield statistics.count_at_least(within_std(gaps), needed, margin=verdict.margin, **lifted)

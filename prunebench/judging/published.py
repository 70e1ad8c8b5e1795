"""The paper's numbers beside ours: as samples for the same tests, and whether ours agree with them.

Three things that are never mixed: what the paper's numbers say, what ours say, and whether the two agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from prunebench.records.parts import Interval, PaperVerdict, Side, Summary, VerdictRecord
from prunebench.statistics import Difference, Sample, Verdict, equivalent, sample

if TYPE_CHECKING:
    from prunebench.protocol.jobs import Job
    from prunebench.protocol.tables import Row
    from prunebench.records.record import Record

Agreement = Literal["yes", "no", "open"]


def paper_sample(row: Row, arm: str) -> Sample | None:
    """Return what the paper has for an arm; a number without a spread is a single run, of which no test can be made."""
    number = row.paper.get(arm)
    if number is None:
        return None
    return Sample(number.mean, number.std or 0.0, 1 if number.std is None else number.n or 1)


def paper_difference(row: Row, a: str, b: str) -> tuple[Difference, ...]:
    """Return `a` - `b` of the paper's row, or nothing where it lacks one of them."""
    x, y = paper_sample(row, a), paper_sample(row, b)
    return () if x is None or y is None else (Difference(x, y),)


def verdict_record(claim: str, verdict: Verdict, alone: bool = False) -> VerdictRecord:
    """Return a verdict as a record has it, with the paper's beside it.

    Args:
        claim: id of the claim.
        verdict: what was found.
        alone: whether it stands in the record of a single row, where two arms need not be told again.
    """
    known = ("claim", "n", "paper", "sides", "numbers", "discriminates")
    facts = {name: getattr(verdict, name) for name in VerdictRecord.model_fields if name not in known}
    kept = () if alone and len(verdict.sides) == 1 else verdict.sides
    sides = [Side(a=_summary(d.a), b=_summary(d.b), weight=d.weight, paired=d.paired) for d in kept]
    numbers = {name: [list(values) for values in given] for name, given in verdict.numbers.items()}
    paper = _paper_verdict(verdict.paper)
    return VerdictRecord(claim=claim, n=list(verdict.n), paper=paper, sides=sides, numbers=numbers, **facts)


def _summary(sample: Sample) -> Summary:
    facts = {name: getattr(sample, name) for name in ("mean", "std", "n", "resolution")}
    return Summary(**facts, values=list(sample.values), seeds=list(sample.seeds))


def _paper_verdict(verdict: Verdict | None) -> PaperVerdict | None:
    if verdict is None:
        return None
    return PaperVerdict(**{name: getattr(verdict, name) for name in PaperVerdict.model_fields})


def agreement(job: Job, record: Record) -> dict[str, Interval]:
    """Return by arm our mean less the paper's, where the paper has a spread and this tier trains on its dataset."""
    if job.dataset.name != job.row.dataset.lower().replace("-", ""):
        return {}
    found = {arm: _against_paper(job, record, arm) for arm in record.arms}
    return {arm: interval for arm, interval in found.items() if interval is not None}


def _against_paper(job: Job, record: Record, arm: str) -> Interval | None:
    ours, paper = sample(record.arms[arm].accuracy, job.dataset.resolution), paper_sample(job.row, arm)
    if paper is None or min(paper.n, ours.n) < 2:
        return None
    verdict = equivalent(ours, paper, job.tier.margin, job.tier.confidence)
    bounds = {name: getattr(verdict, name) for name in ("difference", "lower", "upper", "confidence")}
    return Interval(n=list(verdict.n), **bounds)


def agrees(interval: Interval, margin: float) -> Agreement:
    """Say whether we found the paper's number up to `margin` points: yes or no if the whole interval lies so."""
    if -margin < interval.lower and interval.upper < margin:
        return "yes"
    return "no" if interval.lower > margin or interval.upper < -margin else "open"

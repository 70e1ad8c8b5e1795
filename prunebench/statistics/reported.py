"""What a relation says of the paper's own numbers, by the very same test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar, cast

from prunebench.statistics.samples import Difference, Sample, row_count
from prunebench.statistics.verdict import CONFIDENCE, Verdict, at_confidence

Relation = TypeVar("Relation", bound=Callable[..., Verdict])


def with_paper_of_pair(relation: Relation) -> Relation:
    """Let a relation of two samples keep them, and judge what the paper has for them where it has numbers for both."""

    @wraps(relation)
    def both(a: Sample, b: Sample, *args: Any, **kwargs: Any) -> Verdict:
        ours = replace(relation(a, b, *args, **kwargs), sides=(Difference(a, b, paired=kwargs.get("paired", False)),))
        papers = (a.paper, b.paper)
        return ours if None in papers else _beside(ours, lambda: relation(*papers, *args, **kwargs))

    return cast(Relation, both)


def with_paper_of_rows(relation: Relation) -> Relation:
    """Let a relation over rows keep them, and judge what the paper has for them where it has numbers for every one."""

    @wraps(relation)
    def both(differences: Sequence[Difference], *args: Any, **kwargs: Any) -> Verdict:
        ours = replace(relation(differences, *args, **kwargs), sides=tuple(differences))
        papers = [p for d in differences for p in d.paper]
        complete = papers and len(papers) == row_count(differences)
        return _beside(ours, lambda: relation(papers, *args, **kwargs)) if complete else ours

    return cast(Relation, both)


def _beside(ours: Verdict, judge: Callable[[], Verdict]) -> Verdict:
    """Add the paper's verdict, unless its numbers allow no test: a single run has no spread."""
    with at_confidence(CONFIDENCE):
        paper = judge()
    return ours if paper.p is None and paper.state == "INCONCLUSIVE" else replace(ours, paper=paper)

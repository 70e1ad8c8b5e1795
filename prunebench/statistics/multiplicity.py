"""Several tests at once: whether one of them holds, Holm's family-wise p-values, and the q-values of a run."""

from __future__ import annotations

from collections.abc import Sequence


def holm(pvalues: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values in the order given: those below a have a family-wise error rate of at most a."""
    adjusted, highest = [0.0] * len(pvalues), 0.0
    for rank, i in enumerate(sorted(range(len(pvalues)), key=lambda i: pvalues[i])):
        highest = max(highest, min(1.0, (len(pvalues) - rank) * pvalues[i]))
        adjusted[i] = highest
    return adjusted


def simes(pvalues: Sequence[float]) -> float:
    """Return the p-value of Simes' test against "all of them fail": the smallest of the j-th p-value, times n over j.

    It holds for independent tests and for those that go together (Sarkar 1998).

    Args:
        pvalues: of n tests, at least one.
    """
    return min(len(pvalues) / j * p for j, p in enumerate(sorted(pvalues), 1))


def q_values(pvalues: Sequence[float | None]) -> list[float | None]:
    """Return the q-values (Benjamini & Hochberg 1995) in the order given.

    Of the verdicts with a q-value of at most q, a share of q is expected to be false at most, as far as the tests are
    independent or move together. A verdict that has no p-value has no q-value, and does not count.

    Args:
        pvalues: of all verdicts that are shown side by side.
    """
    known = {i: p for i, p in enumerate(pvalues) if p is not None}
    adjusted: dict[int, float] = {}
    lowest = 1.0
    for larger, i in enumerate(sorted(known, key=known.__getitem__, reverse=True)):
        adjusted[i] = lowest = min(lowest, known[i] * len(known) / (len(known) - larger))
    return [adjusted.get(i) for i in range(len(pvalues))]

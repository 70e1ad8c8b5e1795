"""In how many rows a relation holds: the partial conjunction of Benjamini & Heller (Biometrics 64, 2008)."""

from __future__ import annotations

from collections.abc import Sequence

from prunebench.statistics.multiplicity import simes
from prunebench.statistics.pairs import above, shown
from prunebench.statistics.reported import with_paper_of_rows
from prunebench.statistics.rows import Names
from prunebench.statistics.samples import Difference, distinct, row_count
from prunebench.statistics.verdict import Question, State, Verdict
from prunebench.statistics.welch import difference, seed_count


@with_paper_of_rows
def count_at_least(
    differences: Sequence[Difference],
    needed: int,
    total: int | None = None,
    margin: float = 0.0,
    confidence: float | None = None,
    names: Names = ("A", "B"),
) -> Verdict:
    """Test "A is above B - `margin` in at least `needed` of `total` rows" (`total` is by default the rows given).

    SUPPORTED if, whichever `needed` - 1 rows are left aside, the others show that one of them is above it too, by the
    test of Simes; REFUTED if in the same way `total` - `needed` + 1 rows are shown to be below it. Both hold where rows
    are independent and where they go together, as rows do that share seeds and dense networks. Rows of the very same
    samples are one piece of evidence and count as many as they are. Rows that are missing, or have fewer than two
    seeds on a side, are never shown.

    Returns:
        a verdict in rows: `difference` is the count seen less `needed`; `lower` and `upper` are the bounds of the count
        less `needed`.

    Raises:
        ValueError: more rows are given than the total.
    """
    known = [d for d in distinct(differences) if d.seeds > 1]
    total = row_count(differences) if total is None else total
    unknown = total - row_count(known)
    if unknown < 0:
        raise ValueError(f"{row_count(known)} rows are given, more than the total of {total}")
    less = f" {'-' if margin > 0 else '+'} {abs(margin):g}" if margin else ""
    relation = f"{names[0]} above {names[1]}{less} in at least {needed} of {total} rows"
    question = Question(relation, relation, margin, confidence, "rows")
    rows = [above(difference(d), question, -margin) for d in known]
    weights = [d.weight for d in known]
    for_it = _partial([shown(row.p) for row in rows], weights, total)
    against = _partial([shown(row.p_refuted) for row in rows], weights, total)
    alpha = 1 - question.level
    lower, upper = sum(p <= alpha for p in for_it[1:]), total - sum(p <= alpha for p in against[1:])
    state: State = "SUPPORTED" if lower >= needed else "REFUTED" if upper < needed else "INCONCLUSIVE"
    seen = sum(d.weight for d in known if d.a.mean - d.b.mean > -margin)
    reason = (
        f"{relation}: seen in {seen}, and with {100 * question.level:.3g} % confidence each true of at least {lower} "
        f"and of at most {upper}{f', as {unknown} rows have too few seeds to tell' if unknown else ''}."
    )
    left = min(max(total - needed + 1, 0), total)
    p, bounds = for_it[min(max(needed, 0), total)], (seen - needed, lower - needed, upper - needed)
    return question.answer(state, bounds, p, seed_count(known), reason, against=against[left])


def _partial(pvalues: Sequence[float], weights: Sequence[int], total: int) -> list[float]:
    """Return for k = 0, 1, ..., total the p-value against "fewer than k of the rows are true"; it grows with k.

    It is the global test by Simes of the total - k + 1 largest. A row of weight w stands w times; a row that is
    missing stands with 1.
    """
    every = sorted(p for p, weight in zip(pvalues, weights, strict=True) for _ in range(weight))
    every += [1.0] * (total - len(every))
    found = [0.0]
    for k in range(1, total + 1):
        found.append(max(found[-1], simes(every[k - 1 :])))
    return found

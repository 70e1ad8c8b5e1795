"""Whether one of many methods leads all others wherever they are compared (F10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from prunebench.statistics.multiplicity import simes
from prunebench.statistics.pairs import above, chances
from prunebench.statistics.samples import Difference, Sample
from prunebench.statistics.verdict import Question, State, Verdict
from prunebench.statistics.welch import Contrast, difference

Setting = Mapping[str, Sample]
"""By method, its accuracies over the seeds."""


def none_dominates(settings: Sequence[Setting], margin: float, confidence: float | None = None) -> Verdict:
    """Test "no method leads every other one by more than `margin` in every setting where both are".

    SUPPORTED if each method has, in some setting, a rival that is shown to be at least as good, by the test of Simes
    over its rivals and settings; since it must hold for every method, the largest of these p-values decides. REFUTED
    if one method is shown to lead each of its rivals everywhere, after correction for the number of methods. So no
    rival is chosen for its luck. Both hold where rivals are independent and where they go together, as they do that
    are all compared with one method. The numbers are of the method that comes closest to dominating, against its best
    rival.

    Args:
        settings: each with the methods that were tried there.
        margin: points by which a rival may be worse and still be as good.
        confidence: of each bound.
    """
    count = len({method for setting in settings for method in setting})
    words = f"the best rival at least each of {count} methods in some of {len(settings)} settings"
    question = Question(words, "best rival - method", margin, confidence)
    rivals = {method: _rivals(settings, method) for method in dict.fromkeys(chain.from_iterable(settings))}
    tried = {method: [chances(one, -margin) for one in found] for method, found in rivals.items() if found}
    if not tried:
        return question.open(0.0, (0, 0), "There are no two methods in one setting.")
    equalled = {method: simes([p for p, _ in found]) for method, found in tried.items()}
    leads = {method: max(against for _, against in found) for method, found in tried.items()}
    leader = max(tried, key=lambda method: (equalled[method], -leads[method]))
    best = above(max(rivals[leader], key=lambda one: one.estimate), question, -margin)
    p, against = equalled[leader], min(1.0, len(tried) * min(leads.values()))
    alpha = 1 - question.level
    state: State = "SUPPORTED" if p <= alpha else "REFUTED" if against <= alpha else "INCONCLUSIVE"
    lead = f"{leader} comes closest to leading everywhere. Of it and its best rival alone, "
    bounds = best.difference, best.lower, best.upper
    return question.answer(state, bounds, p, best.n, "", f"{-margin:g}", None, None, against, lead)


def _rivals(settings: Sequence[Setting], method: str) -> list[Contrast]:
    return [
        difference(Difference(other, setting[method]))
        for setting in settings
        if method in setting
        for name, other in setting.items()
        if name != method
    ]

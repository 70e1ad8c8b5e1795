"""Where tests err most: truths at the edge of a sentence, drawn again and again, and how often the verdict is false.

`python tests/support/worst_cases.py 20000` prints the table of docs/statistics.md; the suite runs a few hundred draws.
Noise has a skewness of -1 or +1 (gamma distributions of shape 4), as the arms of the published records have, or is
normal, or collapses: one seed in five falls by fifty deviations, in both arms alike.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

import numpy as np

from prunebench import statistics as s
from prunebench.judging.sequential import sequence
from prunebench.statistics import Difference, Sample, pairs, sample

MARGIN, LEVEL = 1.0, 0.05


def noise(rng, kind, *shape):
    """Return noise of mean 0 and, but for one that collapses, of deviation 1."""
    if kind in ("left", "right"):
        drawn = (rng.gamma(4, 1, shape) - 4) / 2
        return drawn if kind == "right" else -drawn
    drawn = rng.standard_normal(shape)
    return drawn - 50 * (rng.random(shape) < 0.2) + 10 if kind == "collapsing" else drawn


@dataclass(frozen=True)
class Case:
    """A truth in which a verdict is false.

    Attributes:
        test: what is tested.
        truth: what is true, in words.
        draw: returns one verdict.
        false: the states that are false then, each of which may come up in 5 % of the draws.
    """

    test: str
    truth: str
    draw: Callable[[np.random.Generator], s.Verdict]
    false: tuple[str, ...] = ("SUPPORTED", "REFUTED")

    def rate(self, draws: int, seed: int = 0) -> dict[str, float]:
        """Return how often each false state came up."""
        rng = np.random.default_rng(seed)
        with states_only():
            found = [self.draw(rng).state for _ in range(draws)]
        return {state: found.count(state) / draws for state in self.false}


@contextmanager
def states_only() -> Iterator[None]:
    """Leave out what a verdict says beside its state, which takes most of its time."""
    kept = pairs.power, pairs.seeds_needed
    pairs.power, pairs.seeds_needed = (lambda *_, **__: 0.0), (lambda *_, **__: None)
    try:
        yield
    finally:
        pairs.power, pairs.seeds_needed = kept


def allowed(draws: int) -> float:
    """Return 5 % and three standard errors."""
    return LEVEL + 3 * (LEVEL * (1 - LEVEL) / draws) ** 0.5


def gap(a, b, **facts):
    return Difference(sample(a.tolist()), sample(b.tolist()), **facts)


# Two arms

SHAPES = {
    "normal, equal spread": ("normal", "normal", 1.0),
    "normal, spread 1 : 0.3": ("normal", "normal", 0.3),
    "skewed, spread 1 : 0.3": ("left", "left", 0.3),
    "skewed either way": ("left", "right", 1.0),
    "skewed, other arm without spread": ("left", "normal", 0.0),
    "both arms collapse at times": ("collapsing", "collapsing", 1.0),
}


def two_arms(test, shape, n, bar, **facts):
    first, second, spread = SHAPES[shape]

    def draw(rng):
        a, b = bar + noise(rng, first, n), spread * noise(rng, second, n)
        return test(sample(a.tolist()), sample(b.tolist()), **facts)

    return draw


def paired(shape, n, shared):
    first, second, spread = SHAPES[shape]

    def draw(rng):
        luck = shared * noise(rng, "left", n)
        a, b = luck - MARGIN + noise(rng, first, n), luck + spread * noise(rng, second, n)
        return s.at_least(sample(a.tolist()), sample(b.tolist()), MARGIN, paired=True)

    return draw


def arms() -> Iterator[Case]:
    for shape, n in product(SHAPES, (3, 5)):
        truth = f"A lies the margin below B; {n} seeds; {shape}"
        yield Case("at least", truth, two_arms(s.at_least, shape, n, -MARGIN, margin=MARGIN))
        yield Case("at least, paired", f"{truth}; a shared part", paired(shape, n, 2.0))
    for shape, n in product(("normal, equal spread", "skewed, spread 1 : 0.3"), (3, 5)):
        far = f"{n} seeds; {shape}"
        yield Case("greater", f"A = B; {far}", two_arms(s.greater, shape, n, 0.0))
        yield Case("greater + 1.5", f"A = B + 1.5; {far}", two_arms(s.greater, shape, n, 1.5, least=1.5))
        yield Case("equivalent", f"A = B + margin; {far}", two_arms(s.equivalent, shape, n, MARGIN, margin=MARGIN))
    yield Case("at least", "A lies the margin below B; 3 and 5 seeds; skewed, spread 1 : 0.3", unequal_seeds)


def unequal_seeds(rng):
    a, b = -MARGIN + noise(rng, "left", 3), 0.3 * noise(rng, "left", 5)
    return s.at_least(sample(a.tolist()), sample(b.tolist()), MARGIN)


# Many rows: `hang` says how they hang together

HANG = ("apart", "shared", "opposed")


def rows(rng, gaps, n, hang, kind="left"):
    """Return rows whose true A - B are `gaps`; a seed's noise is apart, alike in all rows, or turned in half."""
    count, spread = len(gaps), np.resize([1.0, 0.5, 2.0], len(gaps))[:, None]
    signs = np.resize([1.0, -1.0], count)[:, None] if hang == "opposed" else 1.0
    one = 1 if hang != "apart" else count
    a, b = (of * signs * spread * noise(rng, kind, one, n) for of in (1.0, 0.3))
    return [gap(g + x, y) for g, x, y in zip(gaps, a, b, strict=True)]


def over(test, gaps, n, hang, *args, **facts):
    return lambda rng: test(rows(rng, gaps, n, hang), *args, **facts)


def one_deviation(rng, n, spread):
    """A lies one deviation of B below it, and varies less."""
    return s.count_at_least(s.within_std([gap(spread * noise(rng, "left", n) - 1.0, noise(rng, "left", n))]), 1)


def shared_arm(rng, n, kind):
    """One dense network against three networks pruned from it."""
    dense = noise(rng, kind, n)
    return s.mean_greater([gap(dense, 0.2 * noise(rng, kind, n)) for _ in range(3)])


def published(rng, n, hang):
    told = rows(rng, [-1.5, -1.0, -0.5], n, hang)
    bare = [Difference(*(Sample(x.mean, x.std, x.n) for x in (d.a, d.b))) for d in told]
    return s.mean_at_least(bare, MARGIN)


def many() -> Iterator[Case]:
    for n, hang in product((3, 5), HANG):
        how = f"{n} seeds; skewed, unequal spreads, rows {hang}"
        yield Case(
            "mean at least",
            f"the margin below on the mean of 3 rows; {how}",
            over(s.mean_at_least, [-1.5, -1.0, -0.5], n, hang, MARGIN),
        )
        yield Case(
            "every at least",
            f"the margin below in one of 6 rows, others far above; {how}",
            over(s.every_at_least, [-1.0, *[20.0] * 5], n, hang, MARGIN),
            ("SUPPORTED",),
        )
        yield Case(
            "every at least",
            f"the margin below in all of 6 rows; {how}",
            over(s.every_at_least, [-1.0] * 6, n, hang, MARGIN),
        )
        yield Case("some greater", f"A = B in all of 6 rows; {how}", over(s.any_greater, [0.0] * 6, n, hang))
        yield Case(
            "some greater",
            f"A = B in one of 6 rows, others far below; {how}",
            over(s.any_greater, [0.0, *[-20.0] * 5], n, hang),
            ("REFUTED",),
        )
        for needed, total in ((8, 10), (6, 10), (3, 4)):
            yield Case(
                f"{needed} of {total} rows",
                f"far above in {needed - 1} rows, A = B in the others; {how}",
                over(s.count_at_least, [20.0] * (needed - 1) + [0.0] * (total - needed + 1), n, hang, needed),
                ("SUPPORTED",),
            )
            yield Case(
                f"{needed} of {total} rows",
                f"A = B in {needed} rows, far below in the others; {how}",
                over(s.count_at_least, [0.0] * needed + [-20.0] * (total - needed), n, hang, needed),
                ("REFUTED",),
            )
        yield Case(f"{8} of {10} rows", f"A = B in all rows; {how}", over(s.count_at_least, [0.0] * 10, n, hang, 8))
    for n, kind in product((3, 5), ("normal", "left")):
        yield Case("mean greater", f"A = B; {n} seeds; {kind}; A is one arm in 3 rows", bind(shared_arm, n, kind))
    for n, less in product((3, 5), (0.0, 0.3, 1.0)):
        truth = f"A lies one deviation below B; {n} seeds; skewed, spread {less:g} : 1"
        yield Case("within one std", truth, bind(one_deviation, n, less))
    for n, hang in product((3, 5), HANG[:2]):
        truth = f"published means: the margin below on the mean of 3 rows; {n} seeds; skewed, rows {hang}"
        yield Case("mean at least", truth, bind(published, n, hang))


def methods(rng, behind, n, shared):
    """Two settings in which one method is ahead of five others by `behind`; the luck of a seed is partly shared."""
    luck = shared * noise(rng, "left", 2, 1, n)
    drawn = luck + np.resize([1.0, 0.5, 2.0], 6)[:, None] * noise(rng, "left", 2, 6, n)
    drawn -= np.array([[0.0, *setting] for setting in behind])[:, :, None]
    return s.none_dominates([{str(i): sample(v.tolist()) for i, v in enumerate(of)} for of in drawn], MARGIN)


def dominance() -> Iterator[Case]:
    edge, far, lone = [MARGIN] * 5, [20.0] * 5, [MARGIN, *[20.0] * 4]
    for n, shared in product((3, 5), (0.0, 2.0)):
        how = f"{n} seeds; skewed, unequal spreads{'; a shared part' if shared else ''}"
        truth = f"one of 6 methods leads each by the margin in 2 settings; {how}"
        yield Case("no method dominates", truth, bind(methods, [edge, edge], n, shared))
        if not shared:
            truth = f"one of 6 leads by far, but one rival by the margin in one setting; {how}"
            yield Case("no method dominates", truth, bind(methods, [lone, far], n, shared))


def bind(draw, *args):
    return lambda rng: draw(rng, *args)


# Curves, slopes, patterns

AT = (1e4, 3e4, 1e5)


def curves(rng, n, shared):
    """Curve A lies the margin below B; the points of a seed share a part."""
    a, b = (
        {x: (mean + shared * part + noise(rng, "left", n)).tolist() for x in AT}
        for mean, part in ((-MARGIN, noise(rng, "left", n)), (0.0, noise(rng, "left", n)))
    )
    return s.curve_at_least(a, b, MARGIN)


def efficiency(rng, n, own):
    """B loses `own` points with five times less; A reaches with that what B has with all, less half the margin."""
    slope = own / np.log(5)
    b = {x: (slope * np.log(x) + 0.3 * noise(rng, "left", n)).tolist() for x in (1e4, 1e5, 1e6)}
    lower = MARGIN if own > MARGIN else 0.0
    a = {x: (slope * np.log(5 * x) - lower + 0.3 * noise(rng, "left", n)).tolist() for x in (1e4, 1e5, 1e6)}
    return s.curve_efficiency(a, b, 5, MARGIN)


def slope(rng, n, shared):
    """A flat line, noisier at one end, whose seeds hang together."""
    part = shared * noise(rng, "left", n)
    spreads = zip((1, 2, 4, 8), (3.0, 1.0, 0.5, 0.1), strict=True)
    return s.slope_below({x: (part + spread * noise(rng, "left", n)).tolist() for x, spread in spreads})


BOUND = 0.25
STAGES = {
    "one apart": [BOUND, 0, 0],
    "in steps": [0, BOUND / 2, BOUND],
    "two groups of five": [BOUND, BOUND, 0, 0, 0],
}


def spread(rng, n, stages, quiet, kind):
    means = np.array(STAGES[stages])
    scale = np.full(len(means), 0.1)
    scale[1:] *= 0.05 if quiet else 1
    return s.uneven((means + scale * noise(rng, kind, n, len(means))).tolist(), BOUND)


def deviation(rng, n, coupled, kind):
    shares = 0.5 + (0.0 if coupled else 0.05) * noise(rng, kind, n, 8) + 0.05 * coupled * noise(rng, kind, n, 1)
    return s.consistent(shares.tolist(), 0.05)


def lines() -> Iterator[Case]:
    for n in (3, 5):
        for shared in (0.0, 2.0):
            part = f"{n} seeds; skewed{'; the points of a seed share a part' if shared else ''}"
            yield Case("curve at least", f"the margin below on the mean; {part}", bind(curves, n, shared))
            yield Case("slope below 0", f"flat, noisier at one end; {part}", bind(slope, n, shared))
        costs = f"5 times less costs B the margin, and A nothing; {n} seeds"
        yield Case("curve efficiency", costs, bind(efficiency, n, MARGIN), ("SUPPORTED",))
        costs = f"5 times less costs B 4 margins, and A the margin; {n} seeds"
        yield Case("curve efficiency", costs, bind(efficiency, n, 4 * MARGIN))
        for stages, quiet, kind in product(STAGES, (False, True), ("left", "right")):
            truth = f"the spread is the bound, {stages}; {n} seeds; skewed {kind}{'; one stage noisy' if quiet else ''}"
            yield Case("uneven", truth, bind(spread, n, stages, quiet, kind))
        for coupled, kind in product((0, 1), ("normal", "right")):
            truth = f"the deviation is the bound; {n} seeds; {kind}, layers {'coupled' if coupled else 'apart'}"
            yield Case("consistent", truth, bind(deviation, n, coupled, kind))


# Looks


def looks(rng, judge, kind, other):
    """Judge at each look of a sequential run up to 12 seeds, until it is settled."""
    a, b = noise(rng, kind, 12), other * noise(rng, kind, 12)
    for look in sequence(12, 1 - LEVEL):
        with s.at_confidence(look.confidence):
            verdict = judge(a[: look.seeds], b[: look.seeds])
        if verdict.state != "INCONCLUSIVE":
            break
    return verdict


def several_rows(rng):
    noisy = [(noise(rng, "left", 12), noise(rng, "left", 12)) for _ in range(4)]
    for look in sequence(12, 1 - LEVEL):
        with s.at_confidence(look.confidence):
            verdict = s.count_at_least([gap(a[: look.seeds], b[: look.seeds]) for a, b in noisy], 3)
        if verdict.state != "INCONCLUSIVE":
            break
    return verdict


def sequential() -> Iterator[Case]:
    def at_the_margin(a, b):
        return s.at_least(sample((a - MARGIN).tolist()), sample(b.tolist()), MARGIN)

    def pairwise(a, b):
        return s.greater(sample((a + b).tolist()), sample(b.tolist()), paired=True)

    for kind, other in (("normal", 1.0), ("left", 1.0), ("left", 0.3), ("left", 0.0)):
        truth = f"A lies the margin below B; 3, 5, 8, 12 seeds; {kind}, spread 1 : {other:g}"
        yield Case("at least, auto", truth, bind(looks, at_the_margin, kind, other))
    yield Case("greater, paired, auto", "A = B; 3, 5, 8, 12 seeds; left", bind(looks, pairwise, "left", 1.0))
    yield Case("3 of 4 rows, auto", "A = B in all rows; 3, 5, 8, 12 seeds; left", several_rows)


# What no test of so few seeds can hold


def opposed(rng, n, share):
    """What helps a seed of A harms it in B, in `share` of what makes them vary."""
    common = share**0.5 * noise(rng, "normal", n)
    a, b = (side * common + (1 - share) ** 0.5 * noise(rng, "normal", n) for side in (1, -1))
    return s.at_least(sample((a - MARGIN).tolist()), sample(b.tolist()), MARGIN)


def lone_collapse(rng, n, often):
    """A and B are alike but that A falls by 50 deviations at times, which puts its mean far below."""
    a = noise(rng, "normal", n) - 50 * (rng.random(n) < often)
    return s.at_least(sample(a.tolist()), sample(noise(rng, "normal", n).tolist()), 5 * MARGIN)


def exponential(rng, n):
    a = 1 - rng.exponential(1.0, n) - MARGIN
    return s.at_least(sample(a.tolist()), sample((0.3 * noise(rng, "normal", n)).tolist()), MARGIN)


def beyond() -> Iterator[Case]:
    for n in (3, 5):
        for share in (0.2, 1.0):
            truth = (
                f"A lies the margin below B; {n} seeds; what helps a seed of A harms it in B, correlation -{share:g}"
            )
            yield Case("at least", truth, bind(opposed, n, share))
        for often in (0.1, 0.5):
            truth = f"A collapses in {100 * often:g} % of its trainings and B never; {n} seeds"
            yield Case("at least", truth, bind(lone_collapse, n, often), ("SUPPORTED",))
        yield Case("at least", f"A lies the margin below B; {n} seeds; A's skewness is -2", bind(exponential, n))


CASES = [*arms(), *many(), *dominance(), *lines(), *sequential()]
BEYOND = list(beyond())


def main(draws: int, only: str = "") -> None:
    """Print the rates of the tests whose name has `only` in it, as a table in Markdown."""
    print("| test | what is true | false SUPPORTED | false REFUTED |\n|---|---|---|---|")
    for case in (case for case in [*CASES, *BEYOND] if only in case.test):
        rates = case.rate(draws)
        cells = (f"{100 * rates[state]:.1f} %" if state in rates else "" for state in ("SUPPORTED", "REFUTED"))
        print(f"| {case.test} | {case.truth} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])

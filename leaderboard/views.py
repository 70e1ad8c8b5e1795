"""Records -> what a page says of them: names, numbers as text, the verdict that counts, counts per tier."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from leaderboard.collect import file_name
from prunebench.parts import Arm, VerdictRecord
from prunebench.record import AnyRecord, ClaimRecord, Record

ARMS = {
    "dense": "Dense",
    "sparse": "Sparsity training",
    "pruned": "Pruned, not retrained",
    "finetune": "Fine-tuned",
    "scratch_e": "Scratch-E",
    "scratch_b": "Scratch-B",
}
"""Arms in the order in which pages show them; others follow."""

TRUNK = ("sparse", "pruned")
"""Arms that only a row's own page shows: the paper has no numbers for them."""

NOTICES = {"smoke": "digits, narrow networks: shows that the machinery works, never the paper's result"}
"""What is said at the head of a tier that must not be mistaken for the paper's setting."""

_TIERS = ("paper", "quick", "laptop", "smoke")
_WORDS = {"finetune": "fine-tuning", "scratch_b": "Scratch-B", "scratch_e": "Scratch-E"}


def arm_label(name: str) -> str:
    """Return an arm's name for people."""
    return ARMS.get(name, name.replace("_", " ").capitalize())


def words(text: str) -> str:
    """Return a verdict's text with the arms' names for people and real minus signs."""
    named = re.sub("|".join(_WORDS), lambda match: _WORDS[match[0]], text)
    return re.sub(r"(?<![\w.])-(?=[\d.])", "−", re.sub(r" - ", " − ", named))


def in_order(names: Iterable[str]) -> list[str]:
    """Return arms as pages order them, each once."""
    names = list(dict.fromkeys(names))
    return [name for name in ARMS if name in names] + [name for name in names if name not in ARMS]


def signed(value: float, digits: int = 2) -> str:
    """Return a difference with its sign, the minus as a real one; zero rows have none."""
    return f"{value:+.{digits}f}".replace("-", "−") if value or digits else "0"


def mean(values: Sequence[float]) -> str:
    """Return the mean with two decimals."""
    return f"{fmean(values):.2f}"


def std(values: Sequence[float]) -> str:
    """Return the standard deviation (ddof = 1) of at least two values, with two decimals."""
    return f"{stdev(values):.2f}"


def span(values: Sequence[int]) -> str:
    """Return one number, or lowest–highest where they differ."""
    low, high = min(values, default=0), max(values, default=0)
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def quantity(value: float) -> str:
    """Return a large number with three digits and its unit prefix, such as `4.81 M`."""
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def observations(verdict: VerdictRecord) -> str:
    """Return the observations of both sides, once where they are equal."""
    return " / ".join(map(str, verdict.n if len(set(verdict.n)) > 1 else verdict.n[:1]))


def compares_weights(verdict: VerdictRecord) -> bool:
    """Say whether the verdict is on Scratch-B and fine-tuning, the comparison that the whole suite is about."""
    return verdict.relation.startswith("scratch_b") and "finetune" in verdict.relation


def headline(record: Record) -> VerdictRecord | None:
    """Return the verdict that a table shows for a row: the one on Scratch-B and fine-tuning, else the first."""
    return next(filter(compares_weights, record.verdicts), record.verdicts[0] if record.verdicts else None)


def finished(record: Record) -> int:
    """Return for how many seeds every arm is finished."""
    return min((len(arm.accuracy) for arm in record.arms.values()), default=0)


def by_seed(arm: Arm) -> list[tuple[int, float, float, float, int, str]]:
    """Return (seed, accuracy, best accuracy, seconds, epochs, digest) of each finished training."""
    return list(zip(arm.seeds, arm.accuracy, arm.best_accuracy, arm.seconds, arm.epochs, arm.digests, strict=True))


def page_of(record: Record) -> str:
    """Return the address of a row's page, relative to the site's root."""
    return f"rows/{file_name(record.tier)}/{file_name(record.row)}.html"


@dataclass(frozen=True)
class TierView:
    """All that the index says of one tier.

    Attributes:
        name: of the tier.
        notice: what must be said first, empty where nothing.
        rows: records of rows, in the order of their names.
        claims: records of the paper's claims.
        controls: records of the planted controls.
    """

    name: str
    notice: str
    rows: list[Record]
    claims: list[ClaimRecord]
    controls: list[ClaimRecord]

    @property
    def columns(self) -> list[str]:
        """Arms that the rows table has a column for."""
        names = (name for row in self.rows for name in (*row.arms, *row.paper) if name not in TRUNK)
        return in_order(names)

    @property
    def distinct(self) -> int:
        """How many rows differ: where one dataset stands for several of the paper's, rows share all their runs."""
        return len({frozenset((row.row, *row.same_as)) for row in self.rows})

    @property
    def pages(self) -> dict[str, str]:
        """Addresses of the rows' pages by row."""
        return {record.row: page_of(record) for record in self.rows}

    @property
    def claim_states(self) -> dict[str, int]:
        """How many claims are in which state."""
        return _count(claim.verdict for claim in self.claims)

    @property
    def row_states(self) -> dict[str, int]:
        """How many rows are in which state, by their headline."""
        return _count(verdict for row in self.rows if (verdict := headline(row)))


def _count(verdicts: Iterable[VerdictRecord]) -> dict[str, int]:
    counted = Counter(verdict.state for verdict in verdicts)
    return {state: counted[state] for state in ("SUPPORTED", "REFUTED", "INCONCLUSIVE")}


def tiers(records: Sequence[AnyRecord]) -> list[TierView]:
    """Return the tiers that have records, the one closest to the paper first."""
    names = sorted({r.tier for r in records}, key=lambda name: (_TIERS.index(name) if name in _TIERS else -1, name))
    return [_tier(name, [r for r in records if r.tier == name]) for name in names]


def _tier(name: str, records: Sequence[AnyRecord]) -> TierView:
    claims = [record for record in records if isinstance(record, ClaimRecord)]
    return TierView(
        name=name,
        notice=NOTICES.get(name, ""),
        rows=[record for record in records if isinstance(record, Record)],
        claims=[claim for claim in claims if not claim.control],
        controls=[claim for claim in claims if claim.control],
    )

"""The figures in a claim's record: whole, possible, and those of the rows' own records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prunebench.records.parts import ArmFigures
from prunebench.records.record import AnyRecord, ClaimRecord, Record

from .submission import Fault

_ROUNDED = 1e-4  # accuracies have four decimals


def of_figures(record: ClaimRecord) -> Iterator[Fault]:
    """Yield what cannot be in the figures that a claim says it used."""
    for row, figures in record.figures.items():
        if row not in record.rows:
            yield Fault(f"figures has the row {row[:80]!r}", "the rows of the claim, as `rows` lists them")
        for name, arm in figures.arms.items():
            yield from _lists(f"figures.{row[:80]}.{name[:80]}", arm)


def _lists(where: str, arm: ArmFigures) -> Iterator[Fault]:
    lengths = {"accuracy": len(arm.accuracy), **{f"measures.{k[:80]}": len(v) for k, v in arm.measures.items()}}
    lengths |= {"digests": len(arm.digests)} if arm.digests else {}
    for name, length in lengths.items():
        if length != len(arm.seeds):
            yield Fault(f"{where}.{name} has {length} entries", f"{len(arm.seeds)}, one for each seed")
    if arm.seeds != sorted(set(arm.seeds)):
        yield Fault(f"{where}.seeds is {str(arm.seeds)[:200]}", "each seed once and in order")
    for value in arm.accuracy:
        if not 0 <= value <= 100:
            yield Fault(f"{where} has the accuracy {value}", "0 to 100 percent")


def disagreements(record: AnyRecord, rows: Mapping[tuple[str, str], Record]) -> Iterator[Fault]:
    """Yield where a claim's figures are not those that the records of its rows have of the same outcomes.

    Args:
        record: of a claim; of a row there is nothing to compare.
        rows: the records of rows that stand beside it, by tier and row.
    """
    for row, figures in record.figures.items() if isinstance(record, ClaimRecord) else ():
        own = rows.get((record.tier, row))
        for name, arm in figures.arms.items():
            known = _by_digest(own.arms[name].digests, own.arms[name].accuracy) if own and name in own.arms else {}
            for digest, value in _by_digest(arm.digests, arm.accuracy).items():
                if abs(known.get(digest, value) - value) > _ROUNDED:
                    what = f"figures.{row}.{name} has {value:g} of the outcome {digest[:12]}"
                    yield Fault(what, f"{known[digest]:g}, as the record of the row has it")


def _by_digest(digests: list[str], values: list[float]) -> dict[str, float]:
    return dict(zip(digests, values, strict=False))

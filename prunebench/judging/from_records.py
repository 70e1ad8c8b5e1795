"""Figures of records: nothing is trained, no store is read, torch is not needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prunebench.common.errors import PrunebenchError
from prunebench.judging.figures import MissingFigureError, of_record
from prunebench.judging.observed import Observed
from prunebench.judging.settings import Settings
from prunebench.protocol.assignment import named_after
from prunebench.protocol.tables import Row
from prunebench.protocol.tiers import base
from prunebench.records.parts import ArmFigures, RowFigures
from prunebench.records.record import AnyRecord, Record, load, name_of
from prunebench.specs.experiment import PROTOCOL

MANY = 10_000
"""More seeds than any record has."""


@dataclass
class FromRecords:
    """The source that reads: rows are those of records, by id, or of claims' records that used them.

    Attributes:
        records: of one tier, by name.
        helps: never.
        sharing: by row, the figures of every record that has some, with the record's name.
    """

    records: Mapping[str, AnyRecord]
    helps: bool = False
    sharing: dict[str, list[tuple[str, RowFigures]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for name, record in sorted(self.records.items(), key=lambda each: not isinstance(each[1], Record)):
            for row, figures in _own(record).items():
                self.sharing.setdefault(row, []).append((name, figures))

    def joined(self, record: AnyRecord) -> FromRecords:
        """Return these records with one more, or with another of its name."""
        if self.records.get(name := name_of(record)) is record:
            return self
        more = FromRecords({})
        more.records, more.sharing = {**self.records, name: record}, dict(self.sharing)
        for row, figures in _own(record).items():
            others = [each for each in self.sharing.get(row, []) if each[0] != name]
            more.sharing[row] = [(name, figures), *others]
        return more

    def remedy(self, asker: str, tier: str) -> str:
        """Return the commands that write a record with all its figures."""
        test = asker.partition(".")[0]
        return (
            f"; a run of the claim writes them, from the store where it has them: `pytest claims -k {test} "
            f"--pb-tier {base(tier)}`, then `python -m leaderboard export`"
        )

    def observe(
        self, row: Row, arms: Sequence[str] | None, measures: Sequence[str], settings: Settings, asker: str
    ) -> Observed:
        """Return a row with the figures that there are; arguments and errors are those of `Source`.

        An arm's figures are those of the asking claim's own record, else of the row's record, else of another claim's
        that used the row. So a record goes on saying what it said though others have more seeds by now.
        """
        row = named_after(row, settings.reference) if row.method == "candidate" else row
        known = self.sharing.get(row.id, [])
        known = sorted(known, key=lambda each: each[0] != asker)
        if not known:
            raise MissingFigureError(f"these records have no figures of row {row.id}")
        figures = _merged([each for _, each in known], measures, len(settings.seeds))
        record = self.records.get(row.id)
        digests = frozenset(digest for arm in figures.arms.values() for digest in arm.digests)
        return Observed(row, figures, settings.tier.margin, record if isinstance(record, Record) else None, digests)

    def report(self, digests: set[str]) -> int:
        """Return 0: nothing is computed."""
        return 0


def _own(record: AnyRecord) -> Mapping[str, RowFigures]:
    return {record.row: of_record(record)} if isinstance(record, Record) else record.figures


def _merged(known: Sequence[RowFigures], measures: Sequence[str], seeds: int) -> RowFigures:
    """Return figures of which each is of the first that has it, up to a number of seeds."""
    first = known[0]
    arms: dict[str, ArmFigures] = {}
    for figures in known:
        for name, arm in figures.arms.items():
            asked = set(measures)
            if name not in arms or (not asked <= arms[name].measures.keys() and asked <= arm.measures.keys()):
                arms[name] = _up_to(arm, seeds)
    found = {
        name: next((list(value)[:seeds] for each in known if (value := getattr(each, name))), [])
        for name in ("parameters", "patterns", "stages")
    }
    return first.model_copy(update={"arms": arms, **found})


def _up_to(arm: ArmFigures, seeds: int) -> ArmFigures:
    kept = [i for i, seed in enumerate(arm.seeds) if seed < seeds]
    cut = {name: [values[i] for i in kept] for name, values in arm.measures.items()}
    return ArmFigures(
        seeds=[arm.seeds[i] for i in kept],
        accuracy=[arm.accuracy[i] for i in kept],
        digests=[arm.digests[i] for i in kept] if arm.digests else [],
        measures=cut,
    )


def read(folder: Path, tier: str = "") -> FromRecords:
    """Return the source that a folder of records is.

    Args:
        folder: of `<name>.json`, or of a folder of these for each tier.
        tier: whose records are read; empty for all.

    Raises:
        PrunebenchError: there is no record of this tier, one is damaged, or two are of one name.
    """
    records: dict[str, AnyRecord] = {}
    for path in _files(folder, tier):
        record = _load(path)
        if tier in ("", record.tier) and record.protocol == PROTOCOL:
            if name_of(record) in records:
                raise PrunebenchError(f"{path}: a second record of {name_of(record)} in tier {record.tier}; keep one")
            records[name_of(record)] = record
    if not records:
        raise PrunebenchError(
            f"--pb-from records:{folder}: there is no record of tier {tier!r}; {_said(tiers(folder))}"
        )
    return FromRecords(records)


def rows_of(folders: Iterable[Path], tier: str) -> dict[str, RowFigures]:
    """Return the figures of all rows of a tier in folders of records, those that are there; the first counts.

    Raises:
        PrunebenchError: a record is damaged.
    """
    found: dict[str, RowFigures] = {}
    for folder in folders:
        if folder.is_dir() and tier in tiers(folder):
            for row, known in read(folder, tier).sharing.items():
                found.setdefault(row, _merged([figures for _, figures in known], (), MANY))
    return found


def tiers(folder: Path) -> list[str]:
    """Return the tiers that a folder has records of.

    Raises:
        PrunebenchError: there is no such folder, or a record is damaged.
    """
    if not folder.is_dir():
        raise PrunebenchError(f"--pb-from records:{folder}: there is no such folder; give one of records")
    first = (next(iter(sorted(place.glob("*.json"))), None) for place in (folder, *sorted(folder.glob("*/"))))
    return sorted({_load(path).tier for path in first if path is not None})


def _files(folder: Path, tier: str) -> Iterable[Path]:
    own = folder / tier if tier and (folder / tier).is_dir() else folder
    return sorted({*own.glob("*.json"), *own.glob("*/*.json")})


def _load(path: Path) -> AnyRecord:
    try:
        return load(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise PrunebenchError(f"{path} is no record ({said}); remove it, or write it again") from error


def _said(names: Sequence[str]) -> str:
    return f"it has those of {', '.join(names)}" if names else "it has none at all"

"""Records of a folder, and tables of typed rows made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from prunebench.common.errors import PrunebenchError
from prunebench.records.parts import VerdictRecord
from prunebench.records.record import AnyRecord, Record, load, name_of

if TYPE_CHECKING:
    import pandas

T = TypeVar("T")


class Table(list[T]):
    """A list of rows of one dataclass, which pandas can have as well."""

    def to_pandas(self) -> pandas.DataFrame:
        """Return the rows as a data frame, a column for each field.

        Raises:
            PrunebenchError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise PrunebenchError(
                "pandas is not installed; `pip install pandas`, or use the rows as they are"
            ) from error
        rows: list[Any] = list(self)
        return pandas.DataFrame([asdict(row) for row in rows])


@dataclass(frozen=True)
class Measurement:
    """One arm of one row with one seed.

    Attributes:
        ratio: share that was removed.
        epochs: that the training really got.
        accuracy: of the last epoch on the test images, percent; for detectors mean average precision.
        best_accuracy: the highest over the epochs; secondary.
        seconds: wall time of the training.
        digest: name of the outcome in the store.
    """

    tier: str
    row: str
    dataset: str
    network: str
    method: str
    ratio: float
    arm: str
    seed: int
    epochs: int
    accuracy: float
    best_accuracy: float
    seconds: float
    digest: str


@dataclass(frozen=True)
class Judged:
    """One verdict: what was tested of which record, and what came of it.

    Attributes:
        name: row, or test of many rows, that the record is of.
        relation: the sentence that was tested.
        finding: `better`, `worse`, `equal` or `open`, as docs/verdicts.md has it; None where it is of no difference.
        difference: estimate, in `unit`, with its one-sided bounds `lower` and `upper`.
        margin: by how much the relation may fail and still count.
    """

    tier: str
    name: str
    claim: str
    relation: str
    state: str
    finding: str | None
    difference: float
    lower: float
    upper: float
    margin: float
    unit: str
    reason: str


class Records(list[AnyRecord]):
    """Records: of rows (`Record`) and of claims over many rows (`ClaimRecord`)."""

    @property
    def rows(self) -> list[Record]:
        """The records of rows."""
        return [record for record in self if isinstance(record, Record)]

    @property
    def measurements(self) -> Table[Measurement]:
        """Every accuracy: a line for each row, arm and seed."""
        return Table(line for record in self.rows for line in _measured(record))

    @property
    def verdicts(self) -> Table[Judged]:
        """Every verdict, those that are shown beside another as well."""
        return Table(_judged(record, verdict) for record in self for verdict in _verdicts(record))

    def to_pandas(self) -> pandas.DataFrame:
        """Return `measurements` as a data frame."""
        return self.measurements.to_pandas()


def read_records(folder: str | Path = "data/records") -> Records:
    """Return the records of a folder and of those in it, by path.

    Args:
        folder: such as `data/records`, `leaderboard/results` or one tier of them.

    Raises:
        PrunebenchError: there is no such folder, or a file in it is no record; says which.
    """
    place = Path(folder)
    if not place.is_dir():
        raise PrunebenchError(f"{place} is no folder; runs write theirs to data/records/TIER")
    return Records(read_record(path) for path in sorted(place.rglob("*.json")))


def read_record(path: Path) -> AnyRecord:
    """Return the record in a file.

    Raises:
        PrunebenchError: it is none, or cannot be read.
    """
    try:
        return load(path.read_text())
    except (OSError, ValueError) as error:
        raise PrunebenchError(f"{path} is no record: {error}") from error


def _measured(record: Record) -> Iterator[Measurement]:
    about = (record.tier, record.row, record.dataset.used, record.network.name, record.method.name, record.ratio)
    for name, arm in record.arms.items():
        columns = (arm.seeds, arm.epochs, arm.accuracy, arm.best_accuracy, arm.seconds, arm.digests)
        yield from (Measurement(*about, name, *values) for values in zip(*columns, strict=True))


def _verdicts(record: AnyRecord) -> Iterable[VerdictRecord]:
    return record.verdicts if isinstance(record, Record) else [record.verdict, *record.aside]


def _judged(record: AnyRecord, verdict: VerdictRecord) -> Judged:
    known = ("claim", "relation", "state", "finding", "difference", "lower", "upper", "margin", "unit", "reason")
    return Judged(record.tier, name_of(record), **{name: getattr(verdict, name) for name in known})

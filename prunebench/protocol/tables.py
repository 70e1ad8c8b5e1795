"""The tables and figures of the paper, and what later papers claim, as the files of `claims/` have them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from prunebench.common.documents import Document, read
from prunebench.common.errors import UnknownNameError
from prunebench.common.places import CLAIMS, RUN
from prunebench.specs.architectures import network_names

T = TypeVar("T")

DEFAULT = CLAIMS / "tables.yaml"

BESIDE = ("figures.yaml", "followups.yaml")
"""Files of the same form that may stand beside the tables."""


@dataclass(frozen=True)
class Number:
    """A number of the paper: accuracy (for detection mean average precision) in percent; its spread over `n` runs."""

    mean: float
    std: float | None = None
    n: int | None = None


@dataclass(frozen=True)
class Row:
    """One line of one table.

    Attributes:
        id: such as `t4.cifar10.vgg-19.70`.
        table: number of the table, such as `4` or `8a`.
        section: of the paper.
        page: of the paper.
        claims: ids of the claims that it is evidence for.
        dataset: as the paper calls it.
        network: as the paper calls it.
        method: name in the method registry.
        ratio: share that is removed, of channels or weights; 0 where the variant says what is left.
        paper: the paper's numbers by arm; `dense_original` is the dense network of the method's own authors.
        drops: by arm, accuracy above (below: negative) the dense network of the same implementation in points, where
            the table has it so; for `finetune` that is `dense_original`, for the others `dense`.
        variant: predefined target architecture, as the paper calls it.
        setting: what sets the row's training apart from that of other tables, such as `lr 0.01`.
    """

    id: str
    table: str
    section: str
    page: int
    claims: tuple[str, ...]
    dataset: str
    network: str
    method: str
    ratio: float
    paper: Mapping[str, Number]
    drops: Mapping[str, float] = field(default_factory=dict)
    variant: str = ""
    setting: str = ""

    @property
    def title(self) -> str:
        """A line for people."""
        to = f"to {self.variant}" if self.variant else f"{self.ratio:.0%}".replace("%", " %")
        return f"{self.network} on {self.dataset}, {self.method} {to}" + (f", {self.setting}" if self.setting else "")

    def lent(self, claim: str, name: str = "", **changes: Any) -> Row:
        """Return this row as one of another claim, such as `f02.random.t1.cifar10.vgg-16-a`, without paper numbers.

        Args:
            claim: id of the claim.
            name: what sets it apart from the claim's other rows.
            changes: fields that differ.
        """
        own = ".".join(filter(None, (claim.lower(), name, self.id)))
        return replace(self, **{"id": own, "claims": (claim,), "paper": {}, "drops": {}, **changes})


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper.

    Attributes:
        id: such as `C08`.
        section: of the paper.
        where: pages and table.
        statement: what is claimed, in our words.
    """

    id: str
    section: str
    where: str
    statement: str


@dataclass(frozen=True)
class Tables:
    """All rows and claims, by id, in the order of the file."""

    rows: Mapping[str, Row]
    claims: Mapping[str, Claim]

    def row(self, name: str) -> Row:
        """Return a row.

        Raises:
            UnknownNameError: there is none of this id.
        """
        if name not in self.rows:
            raise UnknownNameError("row", name, self.rows)
        return self.rows[name]

    def of_table(self, table: str) -> list[Row]:
        """Return the rows of one table."""
        return [row for row in self.rows.values() if row.table == table]


@cache
def load(path: Path = DEFAULT) -> Tables:
    """Read the tables, and the figures and follow-up claims that stand beside them.

    Raises:
        PrunebenchError: a file cannot be read, or an entry lacks something or contradicts another; says file and line.
    """
    beside = (path.with_name(name) for name in BESIDE)
    documents = [read(file) for file in (path, *beside) if file == path or file.exists()]
    claims: dict[str, Claim] = {}
    for document in documents:
        for name, entry in _part(document, "claims").items():
            claims[name] = _made(document, name, Claim, {"id": name, **entry})
    rows: dict[str, Row] = {}
    for document in documents:
        for row in _rows(document):
            _check(document, row, rows, claims)
            rows[row.id] = row
    return Tables(rows, claims)


def hint(expression: str) -> str:
    """Return what to try where a `-k` expression finds no claim test: the near matches of its words."""
    rows = load().rows.values()
    words = {word for row in rows for word in (row.id, row.method, row.network, row.dataset)}
    words |= {*load().claims, "candidate", "control"}
    folded = {word.lower(): word for word in words}
    given = [word for word in re.split(r"[\s()]+", expression.lower()) if word not in ("", "and", "or", "not")]
    near = [folded[m] for word in given for m in get_close_matches(word, folded, n=2) if m != word]
    meant = f"did you mean {' or '.join(dict.fromkeys(near))}? " if near else ""
    return f"no claim test matches -k {expression!r}: {meant}`{RUN} --collect-only -q` lists them all"


def _part(document: Document, name: str) -> Any:
    if not isinstance(document.data, dict):
        document.wrong(document.path.name, f"holds {type(document.data).__name__}, not the keys {name}, ...")
    return document.data.get(name, {})


def _rows(document: Document) -> Iterator[Row]:
    """Yield the rows of all tables, and the points of all figures; those of a part have `shared` in common."""
    for part in _part(document, "tables"):
        for name, entry in part["rows"].items():
            yield _row(document, name, {**part["shared"], **entry})
    for part in _part(document, "figures"):
        shared = part["shared"]
        for method, points in part["series"].items():
            for percent, paper in points.items():
                name = _point(shared["table"], shared["network"], method, shared.get("setting", ""), percent)
                own = paper if isinstance(paper, dict) else {"scratch_e": paper}
                yield _row(document, name, {**shared, "method": method, "ratio": percent / 100, "paper": own})


def _point(table: str, network: str, method: str, setting: str, percent: float) -> str:
    """Return the id of a point of a figure, such as `f3.left.slimming.60` or `f7a.vgg-16.lr-0.1.79.03`."""
    curve = f"{network.lower()}.{setting.split(',')[0].replace(' ', '-')}" if setting else method
    return f"{table}.{curve}.{percent:g}"


def _row(document: Document, name: str, facts: dict[str, Any]) -> Row:
    runs = facts.pop("runs", None)
    paper = {arm: _number(document, name, value, runs) for arm, value in facts.pop("paper", {}).items()}
    claims = tuple(facts.pop("claims", ()))
    return _made(document, name, Row, {"ratio": 0.0, **facts, "id": name, "claims": claims, "paper": paper})


def _number(document: Document, name: str, value: float | list[float], runs: int | None) -> Number:
    mean, std = value if isinstance(value, list) else (value, None)
    if std is not None and runs is None:
        document.wrong(name, "has a mean with a spread, but not over how many runs; add `runs`")
    return Number(mean, std, runs)


def _made(document: Document, name: str, kind: type[T], facts: dict[str, Any]) -> T:
    try:
        return kind(**facts)
    except TypeError as error:
        document.wrong(name, str(error).replace("__init__() ", ""))


def _check(document: Document, row: Row, rows: Mapping[str, Row], claims: Mapping[str, Claim]) -> None:
    if row.id in rows:
        document.wrong(row.id, "is the id of a second row")
    if row.network not in network_names():
        document.wrong(row.id, f"has the unknown network {row.network!r}; valid are {', '.join(network_names())}")
    if missing := [claim for claim in row.claims if claim not in claims]:
        document.wrong(row.id, f"is evidence for {missing[0]}, which is no claim of these files")

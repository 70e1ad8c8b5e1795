"""The paper's tables: rows and claims as `claims/tables.yaml` has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from prunebench.errors import PrunebenchError, UnknownNameError

DEFAULT = Path(__file__).parents[1] / "claims" / "tables.yaml"


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
    """Read the tables.

    Raises:
        PrunebenchError: the file is missing, is no YAML, or a row lacks a field.
    """
    import yaml

    try:
        data = yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        rows = [row for part in data["tables"] for row in _rows(**part)]
        claims = [Claim(id=name, **entry) for name, entry in data["claims"].items()]
    except (OSError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise PrunebenchError(f"cannot read the paper's tables in {path}: {type(error).__name__}: {error}") from error
    return Tables({row.id: row for row in rows}, {claim.id: claim for claim in claims})


def hint(expression: str) -> str:
    """Return what to try where a `-k` expression finds no claim test: the near matches of its words."""
    rows = load().rows.values()
    words = {word for row in rows for word in (row.id, row.method, row.network, row.dataset)}
    words |= {*load().claims, "candidate", "control"}
    folded = {word.lower(): word for word in words}
    given = [word for word in re.split(r"[\s()]+", expression.lower()) if word not in ("", "and", "or", "not")]
    near = [folded[m] for word in given for m in get_close_matches(word, folded, n=2) if m != word]
    meant = f"did you mean {' or '.join(dict.fromkeys(near))}? " if near else ""
    return f"no claim test matches -k {expression!r}: {meant}`pytest claims --collect-only -q` lists them all"


def _rows(shared: dict[str, Any], rows: dict[str, dict[str, Any]]) -> Iterator[Row]:
    """Yield the rows of a part of a table; they have `shared` in common."""
    runs = shared.pop("runs", None)
    for name, entry in rows.items():
        facts = {"ratio": 0.0, **shared, **entry}
        paper = {arm: _number(value, runs) for arm, value in facts.pop("paper").items()}
        yield Row(id=name, claims=tuple(facts.pop("claims")), paper=paper, **facts)


def _number(value: float | list[float], runs: int | None) -> Number:
    mean, std = value if isinstance(value, list) else (value, None)
    return Number(mean, std, runs)

"""The record: one JSON document with all that is known of one row or claim. It is the truth; MLflow and pages show it.

A record is derived from stored outcomes alone: the same outcomes give the same bytes, whoever derives it and when.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Literal

from pydantic import Field
from pydantic_core import from_json

from prunebench.records.part import Part
from prunebench.records.parts import (
    Arm,
    Interval,
    Point,
    Provenance,
    Pruned,
    Published,
    RowFigures,
    Size,
    State,
    Subject,
    VerdictRecord,
)

SCHEMA = 1
"""Version of this schema; a reader refuses records of another version."""

MOST = 1e18
"""No number of a record is larger: far more than any network has FLOPs, or a training seconds."""

_HALF_A_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


class Record(Part):
    """All that is known of one row in one tier.

    Attributes:
        row: id, such as `t4.cifar10.vgg-19.70`.
        claims: ids of the claims that it is evidence for.
        title: a line for people, such as `VGG-19 on CIFAR-10, slimming 70 %`.
        seeds_planned: how many seeds the run asked for; arms with fewer are in work.
        arms: by name: `dense`, `sparse` (trunk), `pruned`, `finetune`, `scratch_e`, `scratch_b`, ...
        paper: the paper's numbers by arm name (`dense`, `finetune`, `scratch_e`, `scratch_b`).
        same_as: other rows that come to the very same specs in this tier and share the outcomes.
        values: `weight` (fine-tuned less Scratch-B), `inheritance` (learning-rate rewinding less Scratch-E) and
            `architecture` (Scratch-B less uniform pruning's Scratch-B at the same FLOPs), where they were measured.
        agreement: by arm, our mean less the paper's; only in tiers that train on the paper's dataset.
        resolution: accuracy points that one test image is worth; None in records that are older than this field.
        chance: percent of the test images that are of the largest class, 0 where that is not known.
    """

    schema_version: Literal[1] = 1
    protocol: int
    kind: Literal["row"] = "row"
    row: str
    claims: list[str]
    title: str
    section: str
    table: str
    tier: str
    dataset: Subject
    network: Subject
    method: Subject
    ratio: float = Field(ge=0, lt=1)
    seeds_planned: int
    dense: Size
    pruned: list[Pruned]
    arms: dict[str, Arm]
    paper: dict[str, Published]
    verdicts: list[VerdictRecord]
    same_as: list[str] = []
    values: dict[str, Interval] = {}
    agreement: dict[str, Interval] = {}
    resolution: float | None = None
    chance: float = 0.0
    notes: list[str] = []
    provenance: Provenance
    command: str


class ClaimRecord(Part):
    """The verdict of a claim that speaks of many rows (or of a control), with the rows that it was derived from.

    Attributes:
        name: the test, such as `c08-scratch-b-beats-finetune`; unique within a tier.
        claim: id, such as `C08`; `control` for the planted controls.
        statement: what is claimed, in our words.
        paper: what the paper itself reports, in a few words, empty where nothing.
        rows: ids of the rows it uses.
        figures: by row, every figure that the claim used; empty in records that are older than this field.
        control: whether this is a planted control and no claim of the paper.
        expected: states that the test passes with.
        aside: further comparisons, to be shown.
        curves: by name, the curves that were compared.
        axes: what x and y of the curves are, with their units.
    """

    schema_version: Literal[1] = 1
    protocol: int
    kind: Literal["claim"] = "claim"
    name: str
    claim: str
    statement: str
    section: str
    tier: str
    paper: str = ""
    rows: list[str]
    figures: dict[str, RowFigures] = {}
    verdict: VerdictRecord
    control: bool = False
    expected: list[State] = ["SUPPORTED"]
    aside: list[VerdictRecord] = []
    curves: dict[str, list[Point]] = {}
    axes: list[str] = []
    command: str


AnyRecord = Record | ClaimRecord


def dump(record: AnyRecord) -> str:
    """Return the record's canonical text: indented JSON with a final newline."""
    return json.dumps(record.model_dump(mode="json", exclude_defaults=False), indent=1) + "\n"


def load(text: str) -> AnyRecord:
    """Read a record's text.

    Raises:
        ValueError: the text is not a record of this schema, has a number that is not finite or beyond `MOST`, or a
            character that no file can hold; says where.
    """
    data = _parsed(text)
    if _HALF_A_CHARACTER.search(text):
        _characters(data)
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA:
        raise ValueError(f"a record of schema {version!r}; this prunebench reads schema {SCHEMA}")
    model = ClaimRecord if data.get("kind") == "claim" else Record
    return model.model_validate(data)


def _parsed(text: str) -> Any:
    try:
        data = from_json(text)
        if _bounded(data):
            return data
    except ValueError:
        pass  # the slow reading says what is wrong
    return json.loads(text, parse_float=_real, parse_int=_whole, parse_constant=_real)


def _bounded(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_bounded, value.values()))
    if isinstance(value, list):
        return all(map(_bounded, value))
    return not isinstance(value, int | float) or abs(value) <= MOST


def _real(digits: str) -> float:
    value = float(digits)
    if not abs(value) <= MOST:
        raise ValueError(f"the number {digits[:40]}; numbers of a record are finite and at most {MOST:g}")
    return value


def _whole(digits: str) -> int:
    _real(digits)  # `int` takes long over thousands of digits
    return int(digits)


def _characters(data: Any) -> None:
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"the text has half a character ({error.object[error.start]!a}); write it whole") from error


def name_of(record: AnyRecord) -> str:
    """Return the record's name within its tier: the row's id, or the claim test's name."""
    return record.row if isinstance(record, Record) else record.name


def record_digest(record: AnyRecord) -> str:
    """Return the sha256 of the record's canonical text."""
    return hashlib.sha256(dump(record).encode()).hexdigest()

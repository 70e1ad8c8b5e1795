"""The record: one JSON document with all that is known of one row or claim. It is the truth; MLflow and pages show it.

A record is derived from stored outcomes alone: the same outcomes give the same bytes, whoever derives it and when.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA = 1
"""Version of this schema; a reader refuses records of another version."""

State = Literal["SUPPORTED", "REFUTED", "INCONCLUSIVE"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="null")


class Subject(_Part):
    """What a row's name stands for in this tier.

    Attributes:
        name: the paper's name (`CIFAR-10`, `VGG-19`, `network_slimming`) or a user's.
        used: what was really used in this tier (`digits 16x16`, `vgg 8-8-M-..`, `slimming`).
        digest: sha256 of the dataset or of a user's method file, where there is one.
    """

    name: str
    used: str
    digest: str = ""


class Curve(_Part):
    """The course of one training; lists have one entry per epoch, accuracies in percent."""

    seed: int
    lr: list[float]
    train_loss: list[float]
    train_accuracy: list[float]
    test_accuracy: list[float]


class Arm(_Part):
    """One arm over its seeds; lists have one entry per seed that is finished, in the order of `seeds`.

    Attributes:
        epochs: epochs that each training really got.
        budget: name of the policy that gave the number of epochs.
        accuracy: test accuracy of the last epoch, percent; it decides.
        best_accuracy: highest test accuracy over the epochs, percent; secondary (protocols Q10).
        seconds: wall time of each training.
        digests: names of the outcomes in the store.
        curves: courses over the epochs; empty for `pruned`, which is not trained.
    """

    seeds: list[int]
    epochs: list[int]
    accuracy: list[float]
    best_accuracy: list[float]
    seconds: list[float]
    digests: list[str]
    budget: str = ""
    curves: list[Curve] = []


class Size(_Part):
    """Parameters and FLOPs (the paper's convention: 2 per multiply-accumulate) of one network."""

    parameters: int
    flops: int


class Kept(_Part):
    """How many of its channels one layer keeps."""

    layer: str
    kept: int
    total: int


class Pruned(_Part):
    """What pruning decided for one seed."""

    seed: int
    size: Size
    layers: list[Kept]
    digest: str
    notes: list[str] = []


class Published(_Part):
    """A number of the paper: accuracy in percent, with its spread over `n` runs where the paper gives one."""

    mean: float
    std: float | None = None
    n: int | None = None


class VerdictRecord(_Part):
    """The outcome of one statistical test.

    Attributes:
        claim: id, such as `C08`.
        relation: the sentence that was tested, such as `scratch_b at least finetune`.
        state: what the test says.
        margin: accuracy points by which the relation may fail and still count.
        confidence: of each one-sided bound, such as 0.95.
        difference: estimate, in `unit`.
        lower: one-sided lower bound of the difference.
        upper: one-sided upper bound.
        p: p-value of "worse by the margin or more"; None where the relation has none.
        n: observations per side.
        power: probability of SUPPORTED were the sides equal, at the spread that was seen; None where it has no meaning.
        seeds_needed: seeds that would settle an INCONCLUSIVE, None where it is settled or no number up to 1000 would.
        reason: one plain sentence.
        unit: accuracy points, or rows for a relation that counts them.
    """

    claim: str
    relation: str
    state: State
    margin: float
    confidence: float
    difference: float
    lower: float
    upper: float
    n: list[int]
    p: float | None = None
    power: float | None = None
    seeds_needed: int | None = None
    reason: str = ""
    unit: Literal["points", "rows"] = "points"


class Provenance(_Part):
    """Where the numbers come from; each list holds the distinct values over all outcomes of the record."""

    commits: list[str]
    hardware: list[str]
    versions: dict[str, list[str]]
    started: str
    ended: str


class Record(_Part):
    """All that is known of one row in one tier.

    Attributes:
        row: id, such as `t4.cifar10.vgg-19.70`.
        claims: ids of the claims that it is evidence for.
        title: a line for people, such as `VGG-19 on CIFAR-10, slimming 70 %`.
        seeds_planned: how many seeds the run asked for; arms with fewer are in work.
        arms: by name: `dense`, `sparse` (trunk), `pruned`, `finetune`, `scratch_e`, `scratch_b`, ...
        paper: the paper's numbers by arm name (`dense`, `finetune`, `scratch_e`, `scratch_b`).
        same_as: other rows that come to the very same specs in this tier and share the outcomes.
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
    notes: list[str] = []
    provenance: Provenance
    command: str


class ClaimRecord(_Part):
    """The verdict of a claim that speaks of many rows (or of a control), with the rows that it was derived from.

    Attributes:
        name: the test, such as `c08-scratch-b-beats-finetune`; unique within a tier.
        claim: id, such as `C08`; `control` for the planted controls.
        statement: what is claimed, in our words.
        paper: what the paper itself reports, in a few words, empty where nothing.
        rows: ids of the rows it uses.
        control: whether this is a planted control and no claim of the paper.
        expected: states that the test passes with.
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
    verdict: VerdictRecord
    control: bool = False
    expected: list[State] = ["SUPPORTED"]
    command: str


AnyRecord = Record | ClaimRecord


def dump(record: AnyRecord) -> str:
    """Return the record's canonical text: indented JSON with a final newline."""
    return json.dumps(record.model_dump(mode="json", exclude_defaults=False), indent=1) + "\n"


def load(text: str) -> AnyRecord:
    """Read a record's text.

    Raises:
        ValueError: the text is not a record of this schema; says where.
    """
    data: Any = json.loads(text)
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA:
        raise ValueError(f"a record of schema {version!r}; this prunebench reads schema {SCHEMA}")
    model = ClaimRecord if data.get("kind") == "claim" else Record
    return model.model_validate(data)


def name_of(record: AnyRecord) -> str:
    """Return the record's name within its tier: the row's id, or the claim test's name."""
    return record.row if isinstance(record, Record) else record.name


def record_digest(record: AnyRecord) -> str:
    """Return the sha256 of the record's canonical text."""
    return hashlib.sha256(dump(record).encode()).hexdigest()

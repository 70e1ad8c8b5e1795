"""The parts that records are made of, as pydantic models."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prunebench.records.course import Curve
from prunebench.records.part import Part

State = Literal["SUPPORTED", "REFUTED", "INCONCLUSIVE"]
Finding = Literal["better", "worse", "equal", "open"]


class Subject(Part):
    """What a row's name stands for in this tier.

    Attributes:
        name: the paper's name (`CIFAR-10`, `VGG-19`, `network_slimming`) or a user's.
        used: what was really used in this tier (`digits 16x16`, `vgg 8-8-M-..`, `slimming`).
        digest: sha256 of the dataset or of a user's method file, where there is one.
    """

    name: str
    used: str
    digest: str = ""


class Arm(Part):
    """One arm over its seeds; lists have one entry per seed that is finished, in the order of `seeds`.

    Attributes:
        epochs: epochs that each training really got.
        budget: name of the policy that gave the number of epochs.
        accuracy: test accuracy of the last epoch, percent; it decides.
        best_accuracy: highest test accuracy over the epochs, percent; secondary (protocols Q10).
        seconds: wall time of each training.
        digests: names of the outcomes in the store.
        curves: courses over the epochs; empty for `pruned`, which is not trained.
        measures: other numbers than accuracy by name (`near_zero`, `distance`, `memory`), each with one entry per seed.
    """

    seeds: list[int]
    epochs: list[int]
    accuracy: list[float]
    best_accuracy: list[float]
    seconds: list[float]
    digests: list[str]
    budget: str = ""
    curves: list[Curve] = []
    measures: dict[str, list[float]] = {}


class ArmFigures(Part):
    """What a claim used of one arm; lists have one entry per seed that is finished, in the order of `seeds`.

    Attributes:
        accuracy: test accuracy of the last epoch, percent.
        digests: names of the outcomes in the store; empty where nobody knows them any more.
        measures: other numbers than accuracy, by name.
    """

    seeds: list[int]
    accuracy: list[float]
    digests: list[str] = []
    measures: dict[str, list[float]] = {}


class RowFigures(Part):
    """What a claim used of one row.

    Attributes:
        dataset: what stands for the row's dataset.
        resolution: accuracy points that one test image is worth.
        chance: percent of the test images that are of the largest class; 0 where that is not known.
        parameters: of the pruned network, by seed.
        patterns: by seed, the share that each layer keeps, or for masks each place of the kernels of each stage.
        stages: by seed, the share of channels or weights that each stage keeps.
        arms: by name.
    """

    dataset: str
    resolution: float
    chance: float = 0.0
    parameters: list[int] = []
    patterns: list[list[float]] = []
    stages: list[list[float]] = []
    arms: dict[str, ArmFigures]


class Size(Part):
    """Parameters and FLOPs of one network.

    Attributes:
        parameters: all of them, or those that a mask leaves.
        flops: operations for one image.
        convention: how they are counted (`networks/flops.py`): `paper`, or `dispatcher` where the paper's way would
            miss more than 1 % of the multiplications. Left out of the text where it is the paper's.
    """

    parameters: int
    flops: int
    convention: Literal["paper", "dispatcher"] = Field("paper", exclude_if=lambda told: told == "paper")


class Kept(Part):
    """How many of its channels one layer keeps."""

    layer: str
    kept: int = Field(ge=0)
    total: int = Field(ge=1)


class Pruned(Part):
    """What pruning decided for one seed.

    Attributes:
        layers: channels that each layer keeps; empty for masks and whole blocks.
        notes: what had to be done beside the method's own rule.
        stages: share of channels or weights that each stage keeps.
        kernels: by stage the share of weights kept at each place of its 3x3 kernels, for masks.
    """

    seed: int
    size: Size
    layers: list[Kept]
    digest: str
    notes: list[str] = []
    stages: list[float] = []
    kernels: list[list[float]] = []


class Published(Part):
    """A number of the paper: accuracy in percent, with its spread over `n` runs where the paper gives one."""

    mean: float
    std: float | None = None
    n: int | None = None


class Interval(Part):
    """A difference with its one-sided bounds, each at `confidence`, from `n` observations per side."""

    difference: float
    lower: float
    upper: float
    confidence: float
    n: list[int]


class PaperVerdict(Part):
    """What the same test says of the paper's own numbers (mean, std and n of each side)."""

    state: State
    difference: float
    lower: float
    upper: float
    reason: str = ""


class Summary(Part):
    """One side of a comparison over its seeds: what `prunebench.statistics.Sample` is made of.

    Attributes:
        mean: over the seeds.
        std: standard deviation over the seeds (ddof = 1).
        n: number of seeds.
        resolution: the smallest step of a value.
        values: by seed; empty where they were not kept.
        seeds: which seeds these are, in the order of `values`.
    """

    mean: float
    std: float
    n: int
    resolution: float
    values: list[float] = []
    seeds: list[int] = []


class Side(Part):
    """What was compared in one row, which may stand for several (`weight`) that share all outcomes.

    `paired` is whether seeds were compared one by one.
    """

    a: Summary
    b: Summary
    weight: int
    paired: bool = False


class VerdictRecord(Part):
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
        unit: of the difference: `points` of accuracy, `rows` for a relation that counts them, or another measure's.
        paper: what the paper's own numbers say by the same test; None where it gives no spread or no numbers.
        sides: what was compared, row by row; empty for two arms of the record that the verdict stands in.
        numbers: what the test was given where that is no difference: patterns by seed, values by method or place.
        finding: what the interval says of A against B beside the state; None where it is of no such difference.
        p_refuted: p-value by which it is REFUTED.
        equal: points on either side of 0 within which the finding calls A and B equal.
        discriminates: whether its tier can tell the claim from its opposite (`prunebench power`); None where nobody
            has tried.
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
    unit: str = "points"
    paper: PaperVerdict | None = None
    sides: list[Side] = []
    numbers: dict[str, list[list[float]]] = {}
    finding: Finding | None = None
    p_refuted: float | None = None
    equal: float = 0.0
    discriminates: bool | None = None


class Provenance(Part):
    """Where the numbers come from; each list holds the distinct values over all outcomes of the record."""

    commits: list[str]
    hardware: list[str]
    versions: dict[str, list[str]]
    started: str
    ended: str


class Point(Part):
    """One point of a curve: its place on the x-axis and the y-values over the seeds."""

    x: float
    y: list[float]

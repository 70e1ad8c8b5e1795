"""What is to be computed, as values: a spec contains the specs that it starts from, and its digest names its outcome.

A fine-tuning contains the pruning whose network it continues, which contains the training of the network that was
pruned. Nothing in this module imports torch, so that collecting tests stays fast.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias

PROTOCOL = 1
"""Version of the meaning of a spec. It is part of every digest: raise it when equal specs would give other numbers."""

Value: TypeAlias = "str | int | float | bool | tuple[Value, ...] | None"


@dataclass(frozen=True)
class Options:
    """Named settings of a network, method or dataset: pairs of name and value, sorted by name."""

    items: tuple[tuple[str, Value], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as keyword arguments."""
        return dict(self.items)


def options(**settings: Any) -> Options:
    """Return `settings` as a value; lists become tuples.

    >>> options(depth=11, widths=[8, "M"]).as_dict()
    {'depth': 11, 'widths': (8, 'M')}
    """
    return Options(tuple(sorted((name, _freeze(value)) for name, value in settings.items())))


def _freeze(value: Any) -> Value:
    return tuple(_freeze(v) for v in value) if isinstance(value, list | tuple) else value


@dataclass(frozen=True)
class Dataset:
    """A dataset by its registered name and the sha256 of its content.

    Attributes:
        name: name in the dataset registry, such as `digits`.
        digest: sha256 of its pixels and labels, so that changed data never meets an old outcome.
        options: how it is presented to the network, such as `size=16`.
    """

    name: str
    digest: str
    options: Options = Options()


@dataclass(frozen=True)
class Network:
    """A dense architecture: a family, and its widths and depths as data.

    Attributes:
        family: name in the network registry, such as `vgg`, or in a user's file.
        options: keyword arguments of the family's constructor.
        source: sha256 of the user's file that defines it, empty for a family of the registry.
    """

    family: str
    options: Options = Options()
    source: str = ""


@dataclass(frozen=True)
class Method:
    """A pruning method by name.

    Attributes:
        name: name in the method registry, or the class or function name in a user's file.
        options: its settings.
        source: sha256 of the user's file or of an installed method's module, empty for a method of the registry.
    """

    name: str
    options: Options = Options()
    source: str = ""


@dataclass(frozen=True)
class Recipe:
    """How one network is trained: SGD with a stepwise learning rate (paper p.5).

    Attributes:
        epochs: passes over the training images.
        lr: learning rate of the first stage.
        milestones: epochs (0-based) at whose start the rate is multiplied by `gamma`.
        gamma: factor of each drop.
        momentum: of SGD.
        nesterov: whether the momentum is Nesterov's; the paper says so (p.5), most of the released code does not.
        weight_decay: L2 penalty on every parameter, batch normalisation included.
        batch_size: images per step.
        stop: epoch after which the training ends, on the schedule of all; 0 leaves the first weights, None trains all.
        precision: `float32`, `tf32`, or `bf16` for autocast; the test after each epoch is always in float32.
    """

    epochs: int
    lr: float = 0.1
    milestones: tuple[int, ...] = ()
    gamma: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 1e-4
    batch_size: int = 64
    stop: int | None = None
    precision: str = "float32"

    @property
    def trained(self) -> int:
        """Epochs that are really trained."""
        return self.epochs if self.stop is None else self.stop


@dataclass(frozen=True)
class Regulariser:
    """A penalty that acts during training.

    Attributes:
        name: `bn_l1` (L1 on the scales of batch normalisation), one of `pruning.regularisers`, or `method`.
        strength: factor of the penalty.
        method: a user's or an installed one, which brings the penalty along, where `name` is `method`.
        every: steps from one act on the weights to the next, where epochs are too few; 0 for after epochs alone.
    """

    name: str
    strength: float = 0.0
    method: Method | None = None
    every: int = 0


@dataclass(frozen=True)
class Start:
    """What a training starts from.

    Attributes:
        pruning: the pruning whose architecture is trained; None for the dense network.
        weights: `fresh` (drawn anew for this architecture, masked layers rescaled), `unscaled` (the same with the
            spread of the dense network) or `inherited` (those that pruning left).
        rewound: the training of the dense network whose last weights are inherited in place of those that pruning left;
            one of 0 epochs gives the initial weights. Without a pruning, what a dense network starts from.
    """

    pruning: Pruning | None = None
    weights: str = "fresh"
    rewound: Training | None = None


@dataclass(frozen=True)
class Training:
    """One network trained once: the unit of work and of storage.

    Attributes:
        dataset: what it is trained and tested on.
        network: the dense architecture.
        recipe: how long and how.
        seed: gives every random choice, through named axes.
        start: the pruning and weights that it begins with.
        regulariser: penalty during training, if any.
    """

    dataset: Dataset
    network: Network
    recipe: Recipe
    seed: int
    start: Start = Start()
    regulariser: Regulariser | None = None


@dataclass(frozen=True)
class Detection:
    """One detector trained once, on the layers of a classifier (paper p.17, Table 12).

    Attributes:
        dataset: what it is trained and tested on.
        recipe: how long and how.
        seed: gives every random choice, through named axes.
        start: the classifier whose weights its layers start with, or the pruning of a detector that it continues.
        detector: settings of Faster R-CNN.
    """

    dataset: Dataset
    recipe: Recipe
    seed: int
    start: Training | Pruning
    detector: Options = Options()


@dataclass(frozen=True)
class Pruning:
    """A pruning method applied to one trained network.

    Attributes:
        trained: the training whose last weights are pruned; of a detector, the layers that it has of a classifier.
        method: how.
        ratio: share to remove, in [0, 1); of channels or weights, as the method says.
        of: empty, or `flops` where `ratio` is the share of the FLOPs to remove, whatever the method's own ratio.
        source: pruning of another network, whose pattern the method takes over.
    """

    trained: Trained
    method: Method
    ratio: float
    of: str = ""
    source: Pruning | None = None


Trained: TypeAlias = Training | Detection
Spec: TypeAlias = Trained | Pruning


def classifier_of(trained: Trained) -> Training:
    """Return the training of the classifier that a network is, or that a detector got its first weights from."""
    while isinstance(trained, Detection):
        trained = trained.start.trained if isinstance(trained.start, Pruning) else trained.start
    return trained


def to_json(spec: Any) -> Any:
    """Return a spec as plain JSON data, with the fields that are at their default left out.

    A later version may therefore add a field without a new digest for the specs that do not use it.
    """
    if isinstance(spec, Options):
        return {name: to_json(value) for name, value in spec.items}
    if is_dataclass(spec) and not isinstance(spec, type):
        given = ((field, getattr(spec, field.name)) for field in fields(spec))
        return {field.name: to_json(value) for field, value in given if value != field.default}
    return [to_json(v) for v in spec] if isinstance(spec, tuple) else spec


def document(spec: Spec) -> dict[str, Any]:
    """Return what the digest is taken of: the kind of spec, the protocol's version and the spec itself."""
    return {"kind": type(spec).__name__.lower(), "protocol": PROTOCOL, "spec": to_json(spec)}


def digest_of(doc: dict[str, Any]) -> str:
    """Return the sha256, in hexadecimal, of a spec's document in canonical JSON."""
    return hashlib.sha256(json.dumps(doc, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()).hexdigest()


def digest(spec: Spec) -> str:
    """Return the name of a spec's outcome: 64 hexadecimal digits."""
    return digest_of(document(spec))

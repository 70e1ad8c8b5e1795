"""Whether a method and a user's network suit each other: all that can be known before anything is trained."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor, nn

from prunebench import networks
from prunebench.common.errors import PrunebenchError
from prunebench.common.randomness import rng, seeded
from prunebench.common.userfile import said, where
from prunebench.conformance.trial import RATIO
from prunebench.networks.flops import counted, uncounted
from prunebench.pruning import surgery
from prunebench.pruning.context import Context
from prunebench.pruning.decision import Decision, decide
from prunebench.pruning.files import prune_of
from prunebench.pruning.groups import Survey, survey
from prunebench.pruning.plan import Plan
from prunebench.specs.experiment import Recipe
from prunebench.training.engine import Engine

RATIOS = (0.25, RATIO, 0.75)
"""At which the method is tried and surgery proven."""

IMAGES = 16
"""Random images that stand for data: as many as calibrate the method and make a step of training."""


@dataclass(frozen=True)
class Finding:
    """What was found of one thing that a network and a method must do.

    Attributes:
        name: of the thing.
        state: `ok`, `note` where it limits what can be pruned or counted, or `fail`.
        seen: what was seen, a line each.
    """

    name: str
    state: Literal["ok", "note", "fail"]
    seen: list[str]


@dataclass
class Subject:
    """A method on a network.

    Attributes:
        method: the function or instance, as the user wrote it.
        build: returns the network, with PyTorch's default weights.
        shape: of an image, [C, H, W].
        classes: number of classes.
    """

    method: Any
    build: Callable[[], nn.Module]
    shape: tuple[int, int, int]
    classes: int
    decided: dict[float, Decision] = field(default_factory=dict)

    @cached_property
    def network(self) -> nn.Module:
        """The network, with fresh weights."""
        return networks.fresh(self.build, rng(0, "suitability"))

    @cached_property
    def images(self) -> Tensor:
        """Random images."""
        return torch.randn(IMAGES, *self.shape, generator=rng(0, "images"))

    @property
    def labels(self) -> Tensor:
        """Classes of the images, each in turn."""
        return torch.arange(IMAGES) % self.classes

    @cached_property
    def survey(self) -> Survey:
        """Where channels may be removed."""
        return survey(self.network, self.images[:1])

    @cached_property
    def scratch(self) -> nn.Module:
        """What the method decides at `RATIO`, carried out on other fresh weights."""
        fresh = networks.fresh(self.build, rng(1, "suitability"))
        return surgery.apply(fresh, self.decide(RATIO).plan, self.images[:1])

    def decide(self, ratio: float) -> Decision:
        """Return what the method decides at a ratio, carried out and proven."""
        if ratio not in self.decided:
            context = Context(self.images[:1], self.images, self.labels, rng(0, "prune"))
            with seeded(0):
                self.decided[ratio] = decide(prune_of(self.method), self.network, ratio, context, self.images[:1])
        return self.decided[ratio]


def builds(subject: Subject) -> Iterator[str]:
    """The network is made, and puts out one number per class."""
    logits = deepcopy(subject.network).eval()(subject.images)
    if logits.shape != (IMAGES, subject.classes):
        raise PrunebenchError(
            f"the network puts out shape {list(logits.shape)} for {IMAGES} images of {list(subject.shape)}; it must be "
            f"{[IMAGES, subject.classes]}, a number per class"
        )
    yield f"{sum(p.numel() for p in subject.network.parameters()):,} parameters; images {list(subject.shape)}"
    several = _all_outputs(deepcopy(subject.network), subject.images)
    if not isinstance(several, Tensor):
        which = getattr(subject.network, "output", "the first, or what is called logits or out")
        yield f"in training it returns {type(several).__name__}; what counts is {which} (attribute `output`)"


def learns(subject: Subject) -> Iterator[str]:
    """A step of training reaches its parameters."""
    trained = deepcopy(subject.network).train()
    with seeded(0):
        nn.functional.cross_entropy(trained(subject.images), subject.labels).backward()  # type: ignore[no-untyped-call]
    idle = [name for name, p in trained.named_parameters() if p.requires_grad and p.grad is None]
    odd = [name for name, p in trained.named_parameters() if p.grad is not None and not p.grad.isfinite().all()]
    if odd:
        raise PrunebenchError(f"the gradient of {odd[0]} is not finite on random images")
    yield "a gradient for every parameter" if not idle else f"no gradient reaches {', '.join(idle[:5])}"


def prunes(subject: Subject) -> Iterator[str]:
    """Channels can be removed from some layers."""
    groups = subject.survey.groups
    for group in groups:
        yield f"{group.name}: {group.channels} channels"
    for name, reason in subject.survey.left_out.items():
        yield f"{name} stays whole: {reason}"
    if not groups:
        raise PrunebenchError("no layer can lose channels; methods that mask weights may still be used")


def proves(subject: Subject) -> Iterator[str]:
    """What is left says what the network says with the removed channels silenced, at three ratios."""
    for ratio in RATIOS:
        plan = subject.decide(ratio).plan
        kept, total = sum(map(len, plan.keep.values())), sum(plan.total.values())
        yield f"{ratio:g}: keeps {kept} of {total} channels" if total else f"{ratio:g}: removes no channels"


def costs(subject: Subject) -> Iterator[str]:
    """FLOPs are counted, all that matter."""
    found = subject.decide(RATIO)
    dense, left = counted(subject.network, found.network, subject.images[:1], nonzero=bool(found.plan.masks))
    convention = "the paper's convention" if dense.convention == "paper" else "a count at the dispatcher"
    less = 1 - left.flops / dense.flops
    yield f"{dense.flops:,} and {left.flops:,} at ratio {RATIO:g} ({less:.0%} less), {convention}"
    if left.flops >= dense.flops:
        raise PrunebenchError(f"the plan at ratio {RATIO:g} leaves {left.flops:,} of {dense.flops:,} FLOPs")
    if kinds := uncounted(subject.network, dense.convention):
        yield f"not counted: {', '.join(kinds)}"


def survives(subject: Subject) -> Iterator[str]:
    """Copies, weights on disk and the plan's JSON are as before."""
    found = subject.decide(RATIO)
    file = io.BytesIO()
    torch.save(found.network.state_dict(), file)
    file.seek(0)
    again = deepcopy(subject.scratch)
    again.load_state_dict(torch.load(file, weights_only=True))
    one, other = (deepcopy(network).eval()(subject.images) for network in (found.network, again))
    if not torch.equal(one, other):
        raise PrunebenchError("the pruned network says something else with its weights loaded into a fresh one")
    if Plan.from_json(json.loads(json.dumps(found.plan.to_json()))) != found.plan:
        raise PrunebenchError("the plan is another one after to_json and from_json")
    yield "deepcopy, state_dict, the plan's JSON"


def trains(subject: Subject) -> Iterator[str]:
    """Every arm takes a step of training."""
    arms = {
        "dense": deepcopy(subject.network),
        "finetune": deepcopy(subject.decide(RATIO).network),
        "scratch": deepcopy(subject.scratch),
    }
    for name, network in arms.items():
        engine = Engine(network, Recipe(1, 0.01))
        with seeded(0):
            engine.begin(0)
            engine.step(subject.images, subject.labels)
        loss, _ = engine.sums()
        if not torch.tensor(loss).isfinite():
            raise PrunebenchError(f"the loss of {name} is {loss} in the first step, at learning rate 0.01")
        yield f"{name}: loss {loss / IMAGES:.2f}"


POINTS: dict[str, Callable[[Subject], Iterator[str]]] = {
    "builds and runs": builds,
    "takes a gradient": learns,
    "groups": prunes,
    "oracle": proves,
    "FLOPs": costs,
    "survives": survives,
    "trains": trains,
}
"""In the order of the report; what comes after a failure is tried as well."""


def examine(subject: Subject) -> tuple[list[Finding], float]:
    """Try everything; return what was found and the seconds that it took."""
    began, found = time.perf_counter(), list[Finding]()
    for name, point in POINTS.items():
        seen: list[str] = []
        try:
            seen.extend(point(subject))
            notes = any("stays whole" in line or "no gradient" in line or "returns" in line for line in seen)
            found.append(Finding(name, "note" if notes else "ok", seen))
        except Exception as error:  # whatever a user's network or method raises is what was found
            what = str(error) if isinstance(error, PrunebenchError) else f"{said(error)}{where(error)}"
            found.append(Finding(name, "fail", [*seen, what]))
            if name == "builds and runs":
                break
    return found, time.perf_counter() - began


def as_json(found: list[Finding], seconds: float) -> dict[str, Any]:
    """Return the report as plain data."""
    passed = all(finding.state != "fail" for finding in found)
    return {"passed": passed, "seconds": round(seconds, 2), "findings": [asdict(finding) for finding in found]}


def _all_outputs(network: nn.Module, images: Tensor) -> object:
    """Return all that a network puts out in training, not its logits alone."""
    network._forward_hooks.clear()
    with seeded(0):
        return network.train()(images)

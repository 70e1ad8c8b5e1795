"""What a user's method is asked, in a child process: it gets the network and the context, and sends data back.

Nothing here runs a user's code, or imports torch before a method is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunebench.common import child, userfile
from prunebench.pruning import installed
from prunebench.pruning.files import MethodError
from prunebench.pruning.plan import Plan
from prunebench.specs.experiment import Method

if TYPE_CHECKING:
    from torch import Tensor, nn

    from prunebench.pruning.context import Context

GENERATOR = "context.generator"
"""What the state of the context's generator is called among the weights that a child sends."""


@dataclass(frozen=True)
class Traits:
    """What a method is beside what it prunes.

    Attributes:
        regulariser: whether it has one, which acts while the network is trained.
        at_initialisation: whether it prunes the untrained network.
        inherit: whether it hands weights down itself.
    """

    regulariser: bool
    at_initialisation: bool
    inherit: bool

    @classmethod
    def of(cls, method: Any) -> Traits:
        """Return those of a function or instance."""
        start = bool(getattr(method, "at_initialisation", False))
        return cls(hasattr(method, "regulariser"), start, hasattr(method, "inherit"))


def described(reference: str) -> tuple[Method, Traits]:
    """Return a user's method, by its source, and its traits.

    Args:
        reference: `path/to/file.py:NAME`, or the name of an installed method.

    Raises:
        MethodError: as `files.load_file`, or its process ends without an answer.
    """
    file, colon, name = reference.rpartition(":")
    if colon and not (file and name):
        raise MethodError(f"{reference!r} names no method; write path/to/file.py:NAME, or the name of an installed one")
    try:
        source = userfile.digest(userfile.read(reference)[2]) if colon else installed.source_of(reference)
    except userfile.UserFileError as error:
        raise MethodError(str(error)) from error
    return _described(reference, source)


@lru_cache
def _described(reference: str, source: str) -> tuple[Method, Traits]:
    told = _asked("describe", reference, who=reference)[0]
    return Method(told["name"], source=told["source"]), Traits(**told["traits"])


def prune(
    method: Method, file: Path | None, network: nn.Module, ratio: float, context: Context, **options: Any
) -> Plan | nn.Module:
    """Let a method decide; returns what it did: a plan, or the network itself.

    Raises:
        MethodError: it fails, runs out of time or memory, ends its process, or changes the network that it is given.
    """
    told, weights = _asked("prune", method, file, network, ratio, context, options, who=f"the method {method.name}")
    with _as_sent(method):
        plan, tensors = Plan.from_json(told["plan"]), _unpacked(weights)
        context.generator.set_state(tensors.pop(GENERATOR))
        return _with(network, plan, tensors, context) if told["refitted"] else plan


def inherit(method: Method, file: Path | None, network: nn.Module, plan: Plan, context: Context) -> nn.Module:
    """Return the network with the weights that a method hands down; errors are those of `prune`."""
    who = f"the method {method.name}"
    weights = _asked("inherit", method, file, network, plan.to_json(), context, who=who)[1]
    made = deepcopy(network)
    with _as_sent(method):
        made.load_state_dict(_unpacked(weights))
    return made


def _asked(question: str, *told: Any, who: str) -> tuple[dict[str, Any], bytes]:
    try:
        return child.call(f"prunebench.pruning.visit:{question}", *told, who=who)
    except child.ChildError as error:
        raise MethodError(str(error)) from error


@contextmanager
def _as_sent(method: Method) -> Iterator[None]:
    """Say that a method's process has sent something else than it was asked for, which user code alone can do."""
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise MethodError(f"the method {method.name}: its process sends what is no decision ({error!r})") from error


def _with(network: nn.Module, plan: Plan, tensors: Mapping[str, Tensor], context: Context) -> nn.Module:
    from prunebench.pruning.surgery import apply

    small = apply(network, plan, context.example)
    small.load_state_dict(dict(tensors))
    return small


def _unpacked(content: bytes) -> dict[str, Tensor]:
    from safetensors.torch import load

    return load(content)

"""One method tried on one network, and how a point of its contract ends."""

from __future__ import annotations

import resource
import sys
import time
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from torch import Tensor, nn

from prunebench.common.randomness import seeded
from prunebench.conformance.families import context, network
from prunebench.networks.flops import count
from prunebench.pruning.context import Context
from prunebench.pruning.decision import Decision, decide
from prunebench.pruning.files import MethodError, prune_of
from prunebench.pruning.plan import UnsuitedError

RATIO = 0.5
"""At which a method is tried: all layers of the families have even numbers of channels."""


class Failed(Exception):  # noqa: N818 - ends a point as pytest's `fail` ends a test
    """A point of the contract that does not hold."""

    def __init__(self, expected: str, came: str, where: str) -> None:
        """Say what was expected, what came instead, and where to look."""
        super().__init__(came)
        self.expected, self.came, self.where = expected, came, where


class Skipped(Exception):  # noqa: N818 - as `Failed`
    """A point that says nothing of this method on this network; the message is the reason."""


@dataclass
class Trial:
    """A method on a network.

    Attributes:
        method: the function or instance, as the user wrote it.
        family: of the network that it is tried on.
        seconds: wall time of every run of the method, surgery included.
        memory: that the process had had at most before, MiB.
    """

    method: Any
    family: str
    seconds: list[float] = field(default_factory=list)
    memory: float = field(default_factory=lambda: peak())

    @cached_property
    def network(self) -> nn.Module:
        """What the method is tried on."""
        return network(self.family)

    @property
    def example(self) -> Tensor:
        """Images to trace the network with."""
        return context().example

    @cached_property
    def decision(self) -> Decision:
        """What the method decides at `RATIO`; errors are those of `run`."""
        return self.run()

    @cached_property
    def dense_flops(self) -> int:
        """FLOPs of the network."""
        return count(self.network, self.example).flops

    def run(self, ratio: float = RATIO, noise: int = 0) -> Decision:
        """Run the method on a copy of the network, always with the same context.

        Args:
            ratio: share to remove.
            noise: seed of torch's global generator, which must not matter.

        Raises:
            Skipped: the method says itself (`UnsuitedError`) that it can do nothing with such a network.
            MethodError: it fails, or what it returns does not fit.
        """
        given, began = context(), time.perf_counter()
        with seeded(noise):
            try:
                return decide(self._on_a_copy, self.network, ratio, given, given.example)
            except MethodError as error:
                if isinstance(error.__cause__, Skipped):
                    raise error.__cause__ from None
                raise
            finally:
                self.seconds.append(time.perf_counter() - began)

    def _on_a_copy(self, given_network: nn.Module, ratio: float, given: Context) -> Any:
        try:
            return prune_of(self.method)(deepcopy(given_network), ratio, given)
        except UnsuitedError as error:
            raise Skipped(str(error)) from error


def flops(found: Decision, example: Tensor) -> int:
    """Return the FLOPs of what a method leaves, without those of masked weights."""
    return count(found.network, example, nonzero=bool(found.plan.masks)).flops


def peak() -> float:
    """Return the most memory that this process has had so far, MiB."""
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit

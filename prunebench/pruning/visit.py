"""What a child process answers for a user's method: the only place beside training where its code runs.

Each function returns what JSON can hold, and tensors as safetensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor, nn

from prunebench.pruning import registry
from prunebench.pruning.context import Context
from prunebench.pruning.decision import asked, settled
from prunebench.pruning.files import prune_of
from prunebench.pruning.guests import GENERATOR, Traits
from prunebench.pruning.plan import Plan
from prunebench.specs.experiment import Method

Answer = tuple[dict[str, Any], bytes]


def describe(reference: str) -> Answer:
    """Load a method, and say what it is called, its source and its traits."""
    method, own = registry.load(reference)
    return {"name": method.name, "source": method.source, "traits": asdict(Traits.of(own))}, b""


def prune(
    method: Method, file: Path | None, network: nn.Module, ratio: float, context: Context, options: Mapping[str, Any]
) -> Answer:
    """Let a method decide, and send its plan, with the weights where it returns a network."""
    function = partial(prune_of(registry.found(method, file)), **options)
    made, weights = asked(function, network, ratio, context), dict[str, Tensor]()
    if not isinstance(made, Plan):
        found = settled(made, network, context.example)
        made, weights = found.plan, dict(found.network.state_dict())
    told = {"plan": made.to_json(), "refitted": bool(weights)}
    return told, _packed({**weights, GENERATOR: context.generator.get_state()})


def inherit(method: Method, file: Path | None, network: nn.Module, plan: Any, context: Context) -> Answer:
    """Let a method hand weights down, and send them."""
    rule = registry.found(method, file).inherit
    return {}, _packed(rule(network, Plan.from_json(plan), context).state_dict())


def _packed(tensors: Mapping[str, Tensor]) -> bytes:
    """Return tensors without what two of them may share."""
    return save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()})

"""The forms that a user's method may have, made into one: a function of network, ratio and context.

* a score, `score(network, context) -> {group: one number per channel}`, shared out evenly over the layers;
* a plan, `prune(network, ratio, context) -> Plan`;
* an importance of Torch-Pruning, shared out evenly as well;
* `prune(network, ratio, context) -> nn.Module`, the smaller network itself (`module_plan` says which plan that is).

Nothing here imports torch before a method is used.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from prunebench.pruning.plan import Plan, PlanError, UnsuitedError

if TYPE_CHECKING:
    from torch import Tensor, nn

COUNTS_ONLY = "the method returned a network: the plan says how many channels each layer keeps, not which"
"""Note of a plan that was derived from a smaller network."""


READS = {
    "BNScaleImportance": "it reads the scales of batch normalisations that follow the pruned layers",
    "OBDCImportance": "it reads layers whose own filters are removed, not channels that are read through a selection",
}
"""What an importance of Torch-Pruning needs of a group, where it may be missing."""


def adapted(found: Any) -> Any:
    """Return the function of network, ratio and context behind a score or an importance; others stay as they are."""
    importances = getattr(sys.modules.get("torch_pruning"), "importance", None)
    if importances is not None and isinstance(found, importances.Importance):
        return _explained(_of_importance(found, importances), type(found).__name__)
    if callable(found) and _required(found) == 2:
        from prunebench.pruning.compose import by_score

        return by_score(found)
    return found


def _required(found: Callable[..., Any]) -> int:
    """Return how many arguments a function needs."""
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return -1
    return sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def _of_importance(found: Any, importances: Any) -> Callable[..., Plan]:
    """Return the method of an importance, with what Torch-Pruning's own pruners would have prepared for it."""
    from prunebench.pruning import importance

    if isinstance(found, importances.OBDCImportance):
        if found.bias:
            raise PlanError("OBDCImportance(bias=True) multiplies biases with the weights' Fisher; leave bias out")
        return importance.from_importance(importance.obdc(found), prepare=importance.fisher)
    if isinstance(found, importances.ActivationImportance):
        return importance.from_importance(found, prepare=importance.activations(found))
    if isinstance(found, importances.RandomImportance):
        return importance.drawn(found)
    if isinstance(found, importances.GroupHessianImportance):
        return importance.from_importance(found, prepare=importance.fisher)
    by_gradient = isinstance(found, importances.GroupTaylorImportance)
    return importance.from_importance(found, prepare=importance.gradients if by_gradient else None)


def _explained(prune: Callable[..., Plan], name: str) -> Callable[..., Plan]:
    def explained(network: nn.Module, ratio: float, context: Any, **options: Any) -> Plan:
        try:
            return prune(network, ratio, context, **options)
        except UnsuitedError as error:
            raise UnsuitedError(
                f"{error}. {name} has no number for any of its groups; {READS.get(name, 'look at what it reads')}"
            ) from error

    return explained


def module_plan(network: nn.Module, small: nn.Module, example: Tensor) -> Plan:
    """Return the plan under which surgery makes a network of the shapes of a given smaller one.

    The plan keeps the first so many channels of each layer, where which ones the smaller network has kept cannot be
    read off it. Nor need it be: fine-tuning starts from its own weights, scratch from fresh ones.

    Args:
        network: the dense one.
        small: what a method made of it: modules of the same names with fewer channels.
        example: images to trace with, shape [N, C, H, W].

    Raises:
        PlanError: the smaller network is no channel-pruned version of the dense one.
    """
    from prunebench.networks import ChannelSelection
    from prunebench.pruning.dependencies import group_of, producers, trace
    from prunebench.pruning.surgery import apply, widths

    before, after = widths(network), widths(small)
    copy, graph = trace(network, example)
    keep, done = dict[str, tuple[int, ...]](), set[Any]()
    for name, total in before.items():
        module = copy.get_submodule(name)
        produces = hasattr(module, "weight") and not hasattr(module, "running_mean")
        if not (produces or isinstance(module, ChannelSelection)) or module in done:
            continue
        if 0 < after.get(name, total) < total:
            layer = small.get_submodule(name)
            keep[name] = tuple(layer.indices.tolist() if isinstance(layer, ChannelSelection) else range(after[name]))
            done.update(producers(graph, group_of(graph, module, range(total))))
    plan = Plan(keep, {name: before[name] for name in keep}, (COUNTS_ONLY,))
    _check_same_shapes(apply(network, plan, example), small)
    return plan


def _check_same_shapes(wanted: nn.Module, small: nn.Module) -> None:
    shapes = [{name: tuple(t.shape) for name, t in n.state_dict().items()} for n in (wanted, small)]
    odd = [name for name in shapes[0] | shapes[1] if shapes[0].get(name) != shapes[1].get(name)]
    if odd:
        there, given = (s.get(odd[0], "nothing") for s in shapes)
        raise PlanError(
            f"the returned network is not the given one with fewer channels: {odd[0]} has shape {given}, and removing "
            f"channels as in the other layers gives {there}. The arms need the same modules under the same names, "
            "each with some of its channels; for anything else return a Plan"
        )

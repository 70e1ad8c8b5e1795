"""The points of the contract: each says what was seen, or raises `Failed` or `Skipped`."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunebench import networks
from prunebench.common.randomness import rng
from prunebench.conformance.families import CLASSES, FAMILIES, context
from prunebench.conformance.trial import RATIO, Failed, Skipped, Trial, flops, peak
from prunebench.pruning import surgery
from prunebench.pruning.files import prune_of
from prunebench.pruning.leftovers import undone
from prunebench.pruning.masking import draw, hold
from prunebench.pruning.plan import Plan

SLACK = 0.1
"""How far the removed share may be from the ratio: rounding in layers of 8 channels, and layers that keep one."""

SLOW = 5.0
"""Seconds that a run may take on networks of some thousand parameters."""


def runs(trial: Trial) -> str:
    """The method returns a plan that fits the network."""
    plan = trial.decision.plan
    kept = sum(map(len, plan.keep.values())) or sum(mask.kept for mask in plan.masks.values())
    total = sum(plan.total.values()) or sum(mask.size for mask in plan.masks.values())
    return f"drops {', '.join(plan.drop)}" if plan.drop else f"keeps {kept}/{total}"


def untouched(trial: Trial) -> str:
    """The network that the method is given stays as it is: weights, statistics, modes."""
    given = deepcopy(trial.network)
    with undone():
        found = prune_of(trial.method)(given, RATIO, context())
    if isinstance(found, nn.Module):
        raise Skipped("it returns a network of its own, which may be the very copy that it is given")
    state = given.state_dict()
    before = trial.network.state_dict()
    odd = [name for name, tensor in before.items() if name not in state or not torch.equal(tensor, state[name])]
    modes = zip(trial.network.named_modules(), given.modules(), strict=False)
    odd += [f"the mode of {name or 'the network'}" for (name, a), b in modes if a.training != b.training]
    if odd:
        raise Failed("every tensor and mode as before", f"{odd[0]} is changed", "work on copy.deepcopy(network)")
    return "as before"


def shapes(trial: Trial) -> str:
    """The smaller network takes the same images, gives as many logits, and can be trained."""
    network, given = deepcopy(trial.decision.network).train(), context()
    logits = network(given.images[:3])
    if logits.shape != (3, CLASSES):
        raise Failed(f"logits of shape {[3, CLASSES]}", str(list(logits.shape)), "the network that the method returns")
    functional.cross_entropy(logits, given.labels[:3]).backward()  # type: ignore[no-untyped-call]
    if not all(p.grad.isfinite().all() for p in network.parameters() if p.grad is not None):
        raise Failed("finite gradients", "some are not", "the weights that the smaller network inherits")
    return f"{sum(p.numel() for p in network.parameters())} weights"


def lower(trial: Trial) -> str:
    """The smaller network costs fewer FLOPs."""
    left = flops(trial.decision, trial.example)
    if left >= trial.dense_flops:
        came = f"{left} of {trial.dense_flops}"
        raise Failed(f"fewer FLOPs than {trial.dense_flops} at ratio {RATIO}", came, "what the plan keeps (Plan.keep)")
    return f"-{1 - left / trial.dense_flops:.0%}"


def ratio_met(trial: Trial) -> str:
    """The share that is removed is the ratio, and a lower ratio removes less."""
    share = _removed(trial.decision.plan)
    if abs(share - RATIO) > SLACK:
        where = "how scores become a plan; keep_uniform(scores, ratio) and keep_global(scores, ratio) keep to it"
        raise Failed(f"{RATIO:.0%} removed, up to {SLACK:.0%}", f"{share:.1%}", where)
    less, more = (flops(found, trial.example) for found in (trial.run(RATIO / 2), trial.decision))
    if less <= more:
        came = f"{less} FLOPs are left at ratio {RATIO / 2} and {more} at {RATIO}"
        raise Failed("more FLOPs at a lower ratio", came, "whether the method uses its argument `ratio`")
    return f"{share:.0%}"


def _removed(plan: Plan) -> float:
    if plan.masks:
        return 1 - sum(m.kept for m in plan.masks.values()) / sum(m.size for m in plan.masks.values())
    if not plan.total:
        raise Skipped("whole blocks are dropped, whose share is not that of channels")
    return 1 - sum(map(len, plan.keep.values())) / sum(plan.total.values())


def deterministic(trial: Trial) -> str:
    """Equal contexts give equal plans, whatever torch's global generator is at."""
    again = trial.run(noise=1)
    plans = [found.plan.to_json() for found in (trial.decision, again)]
    same = _equal(trial.decision.network, again.network)
    if plans[0] != plans[1] or not same:
        came = "another plan" if plans[0] != plans[1] else "other weights"
        where = "random numbers: draw them from context.generator alone"
        raise Failed("the same plan and weights from the same context", came, where)
    return "same twice"


def serialises(trial: Trial) -> str:
    """The plan survives JSON."""
    plan = trial.decision.plan
    text = json.dumps(plan.to_json())
    if Plan.from_json(json.loads(text)) != plan:
        raise Failed("the same plan after to_json and from_json", "another one", "the plan's names and indices")
    return f"{len(text)} bytes"


def scratch_fresh(trial: Trial) -> str:
    """The network for training from scratch has the same shapes and none of the inherited weights."""
    inherited = trial.decision.network
    fresh = [_scratch(trial, seed) for seed in (0, 0, 1)]
    kept = [name for name, tensor in _weights(inherited).items() if _shares(tensor, fresh[0].get_parameter(name))]
    if kept or not _equal(fresh[0], fresh[1]) or _equal(fresh[0], fresh[2]):
        came = f"{kept[0]} has weights of the trained network" if kept else "the seed does not decide the weights"
        raise Failed("fresh weights, given by the seed alone", came, "modules with a reset_parameters of their own")
    return "all drawn anew"


def _scratch(trial: Trial, seed: int) -> nn.Module:
    dense = networks.fresh(FAMILIES[trial.family], rng(seed, "scratch"))
    network = surgery.apply(dense, trial.decision.plan, trial.example)
    draw(network, trial.decision.plan.masks, rng(seed, "scratch"))
    return network


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: parameter for name, parameter in network.named_parameters() if parameter.dim() > 1}


def _shares(a: Tensor, b: Tensor) -> bool:
    return bool(((a == b) & (a != 0)).any())


def _equal(a: nn.Module, b: nn.Module) -> bool:
    states = a.state_dict(), b.state_dict()
    return states[0].keys() == states[1].keys() and all(torch.equal(t, states[1][n]) for n, t in states[0].items())


def masks_kept(trial: Trial) -> str:
    """Masked weights stay exactly zero through training."""
    network, masks = deepcopy(trial.decision.network).train(), trial.decision.plan.masks
    if not masks:
        raise Skipped("the plan has no masks")
    given, clear = context(), hold(network, masks)
    optimiser = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
    for _ in range(3):
        optimiser.zero_grad()
        functional.cross_entropy(network(given.images), given.labels).backward()  # type: ignore[no-untyped-call]
        clear(network)
        optimiser.step()
    odd = [n for n, m in masks.items() if network.get_parameter(f"{n}.weight")[~m.tensor()].count_nonzero()]
    if odd:
        raise Failed("zeros after 3 steps of training", f"{odd[0]} has others", "masks: by module name, one per weight")
    return "zeros stay"


def regulariser(trial: Trial) -> str:
    """The method's penalty leaves finite gradients."""
    act = getattr(trial.method, "regulariser", None)
    if act is None:
        raise Skipped("the method has none")
    network, given = deepcopy(trial.network).train(), context()
    functional.cross_entropy(network(given.images), given.labels).backward()  # type: ignore[no-untyped-call]
    act(network)
    odd = [n for n, p in network.named_parameters() if p.grad is not None and not p.grad.isfinite().all()]
    if odd:
        raise Failed("finite gradients after the penalty", f"those of {odd[0]} are not", "regulariser(network)")
    return "finite"


def cost(trial: Trial) -> str:
    """A run takes little time and memory."""
    slowest = max(trial.seconds)
    if slowest > SLOW:
        raise Failed(f"at most {SLOW:g} s", f"{slowest:.1f} s", "loops over single channels or images")
    return f"{slowest:.2f} s +{max(0, peak() - trial.memory):.0f} MiB"


POINTS: dict[str, Callable[[Trial], str]] = {
    "runs": runs,
    "network untouched": untouched,
    "shapes": shapes,
    "FLOPs lower": lower,
    "ratio met": ratio_met,
    "deterministic": deterministic,
    "plan serialises": serialises,
    "scratch fresh": scratch_fresh,
    "masks kept": masks_kept,
    "regulariser": regulariser,
    "time and memory": cost,
}
"""In the order of the report."""

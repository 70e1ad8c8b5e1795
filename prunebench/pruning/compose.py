"""A method from its parts: a score says what matters, an allocation shares it out, a schedule goes there in rounds.

A new method is usually a score alone:

    def score(network, context):
        return {group.name: ... for group in prunable(network, context.example)}

    prune = by_score(score)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import TypeAlias

import torch
from torch import Tensor, nn

from prunebench.pruning.allocation import allocate
from prunebench.pruning.context import Context
from prunebench.pruning.masking import above_threshold, maskable, plan_of
from prunebench.pruning.plan import Plan, PlanError
from prunebench.pruning.predefined import predefined
from prunebench.pruning.surgery import apply

Score: TypeAlias = Callable[[nn.Module, Context], Mapping[str, Tensor]]
"""What matters in a network that it only reads, higher is better: by group, shape [channels], or by weight."""

Counts: TypeAlias = str | Sequence[tuple[str, int]]


def by_score(score: Score, allocation: Counts = "uniform") -> Callable[..., Plan]:
    """Return the method that removes the channels with the lowest scores.

    Args:
        score: by the name of a group of `prunable`.
        allocation: the method's own, of those that `allocate` knows.

    Returns:
        `prune(network, ratio, context, allocation=.., rounds=1, target="")`. With several rounds the ratio grows in
        equal steps, and every round scores anew the network that the last one has left. A target is the name of a
        predefined architecture, whose numbers of channels make ratio and allocation void.
    """

    def prune(
        network: nn.Module,
        ratio: float,
        context: Context,
        allocation: Counts = allocation,
        rounds: int = 1,
        target: str = "",
    ) -> Plan:
        if target:
            allocation = tuple(predefined(target, network, context.example).items())
        scores = {name: torch.as_tensor(values).detach() for name, values in score(network, context).items()}
        plan = allocate(scores, ratio * _share(1, rounds), allocation)
        for step in range(2, rounds + 1):
            small = apply(network, plan, context.example)
            scores = _spread(scores, score(small, context), plan)
            plan = allocate(scores, ratio * _share(step, rounds), allocation)
        return plan

    return prune


def by_weight(
    score: Score, rounds: int = 1, prepare: Callable[[nn.Module], nn.Module] = deepcopy
) -> Callable[..., Plan]:
    """Return the method that masks the weights with the lowest scores of the whole network, by one threshold.

    Args:
        score: by the name of a module of `maskable`, in the shape of its weight.
        rounds: the method's own number of rounds.
        prepare: returns the copy of the network that is scored, and masked from round to round.

    Returns:
        `prune(network, ratio, context, rounds=..)`. With several rounds the share of kept weights falls
        exponentially (Tanaka et al. 2020), and every round scores the network that the last one has left.
    """

    def prune(network: nn.Module, ratio: float, context: Context, rounds: int = rounds) -> Plan:
        left = prepare(network)
        weights = maskable(left)
        kept = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in weights.items()}
        for step in range(1, rounds + 1):
            share = _share(step, rounds)
            kept = above_threshold(score(left, context), ratio if share == 1 else 1 - (1 - ratio) ** share, kept)
            with torch.no_grad():
                for name, weight in weights.items():
                    weight.mul_(kept[name])
        return plan_of(kept)

    return prune


def _share(step: int, rounds: int) -> float:
    if not isinstance(rounds, int) or rounds < 1:
        raise PlanError(f"rounds is {rounds!r}; it is a number of rounds, at least 1")
    return step / rounds


def _spread(old: Mapping[str, Tensor], new: Mapping[str, Tensor], plan: Plan) -> dict[str, Tensor]:
    """Return scores for all channels: new ones where there are any, and the lowest for those that are gone."""
    spread = {name: torch.full_like(values, -torch.inf) for name, values in old.items()}
    for name, values in spread.items():
        kept = list(plan.keep.get(name, range(len(values))))
        values[kept] = torch.as_tensor(new[name]).detach().to(values) if name in new else old[name][kept]
    return spread

"""Pruning to a share of the FLOPs."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn

from prunebench.networks import build
from prunebench.networks.flops import count
from prunebench.pruning import Context, Plan, keep_uniform, prunable
from prunebench.pruning.decision import Decision, decide
from prunebench.pruning.registry import MethodError, named, resolve
from prunebench.pruning.speedup import TOLERANCE, at_flops
from prunebench.specs.experiment import Network, options


def by_position(network: nn.Module, ratio: float, context: Context) -> Plan:
    return keep_uniform({g.name: -torch.arange(g.channels) for g in prunable(network, context.example)}, ratio)


@pytest.fixture(scope="module")
def wide() -> nn.Module:
    return build(Network("vgg", options(widths=(128, "M", 160))), channels=1, classes=3)


def removed(network: nn.Module, share: float, context: Context, prune: Callable[..., Plan] = by_position) -> float:
    return share_removed(network, at_flops(prune, network, share, context, context.example), context)


def share_removed(network: nn.Module, found: Decision, context: Context) -> float:
    left = count(found.network, context.example, nonzero=bool(found.plan.masks)).flops
    return 1 - left / count(network, context.example).flops


@pytest.mark.parametrize("share", [0.2, 0.5, 0.75, 0.9])
def test_a_wide_network_loses_the_share_that_was_asked_for(wide, context, share) -> None:
    assert share <= removed(wide, share, context) <= share + TOLERANCE


@pytest.mark.parametrize(
    ("family", "method"),
    [("vgg", "slimming"), ("preresnet", "uniform"), ("densenet", "random"), ("preresnet", "magnitude")],
)
def test_of_the_plans_that_a_small_network_has_it_is_the_nearest_from_above(trained, context, family, method) -> None:
    network, prune = trained(family), resolve(named(method))

    def at(ratio: float) -> float:
        again = replace(context, generator=torch.Generator().manual_seed(0))
        return share_removed(network, decide(prune, network, ratio, again, context.example), context)

    nearest = min(share for share in map(at, (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)) if share >= 0.4)
    assert 0.4 <= removed(network, 0.4, context, prune) <= nearest + TOLERANCE


def test_every_try_of_a_random_method_draws_the_same(trained, example) -> None:
    def found() -> Plan:
        context = Context(example, example, torch.tensor([0, 1]), torch.Generator().manual_seed(3))
        return at_flops(resolve(named("random")), trained("vgg"), 0.5, context, example).plan

    assert found() == found()


def test_what_is_far_from_the_share_is_noted(trained, context) -> None:
    plan = at_flops(by_position, trained("vgg"), 0.3, context, context.example).plan
    assert "of the FLOPs, the nearest that the method comes to 30.0% from above" in plan.notes[-1]


def test_a_share_out_of_reach_is_refused_with_what_can_be_reached(trained, context) -> None:
    with pytest.raises(MethodError, match=r"cannot remove 99\.0% of the FLOPs .* removes \d+\.\d% at most; ask for"):
        at_flops(by_position, trained("vgg"), 0.99, context, context.example)
    with pytest.raises(MethodError, match=r"a share of 0 of the FLOPs is outside"):
        at_flops(by_position, trained("vgg"), 0, context, context.example)


def test_a_method_that_fails_at_every_ratio_says_its_own_error(trained, context) -> None:
    def broken(network: nn.Module, ratio: float, context: Context) -> Plan:
        raise RuntimeError("no idea")

    with pytest.raises(MethodError, match=r"the method fails.*no idea"):
        at_flops(broken, trained("vgg"), 0.5, context, context.example)

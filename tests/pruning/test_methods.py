"""The registry's methods."""

import pytest
import torch
from torch import Tensor, nn

from prunebench.experiment import Method
from prunebench.pruning import Context, PlanError, prunable
from prunebench.pruning.registry import checked_plan, methods, resolve

ALL = ("l1", "random", "slimming", "uniform")


def test_each_method_says_in_a_line_what_it_does() -> None:
    assert tuple(methods()) == ALL
    assert all(20 < len(line) < 120 for line in methods().values())


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("family", ["vgg", "preresnet"])
def test_plans_fit(name: str, family: str, trained, context: Context) -> None:
    network = trained(family)
    plan = checked_plan(resolve(Method(name)), network, 0.5, context, context.example)
    assert all(1 <= len(kept) < plan.total[layer] for layer, kept in plan.keep.items() if name != "slimming")
    assert sum(map(len, plan.keep.values())) < sum(plan.total.values())


def test_slimming_removes_the_smallest_scales_anywhere(trained, context: Context) -> None:
    network = trained("densenet")
    small = {"layers.0.read.select": [1], "layers.3.read.select": [0, 5], "read.select": [2]}
    for group in prunable(network, context.example):
        with torch.no_grad():
            group.norm.weight.fill_(-1)
            group.norm.weight[small.get(group.name, [])] = torch.linspace(0.1, 0.2, len(small.get(group.name, [])))
    total = sum(g.channels for g in prunable(network, context.example))
    plan = resolve(Method("slimming"))(network, 3.5 / total, context)
    assert {name: plan.removed(name) for name in plan.keep if plan.removed(name)} == small


def test_uniform_takes_the_same_share_by_scale(trained, context: Context) -> None:
    network = trained("vgg")
    plan = resolve(Method("uniform"))(network, 0.5, context)
    assert [len(kept) for kept in plan.keep.values()] == [2, 3, 2, 3]
    best = network.get_parameter("features.norm1.weight").topk(2).indices.sort().values
    assert plan.keep["features.norm1"] == tuple(best.tolist())


def test_l1_keeps_the_filters_with_the_largest_sum(trained, context: Context) -> None:
    network = trained("vgg")
    with torch.no_grad():
        network.get_parameter("features.conv1.weight").copy_(torch.tensor([3.0, -4, 1, 2]).reshape(4, 1, 1, 1))
    assert resolve(Method("l1"))(network, 0.5, context).keep["features.norm1"] == (0, 1)


def test_random_depends_on_the_generator_alone(trained, example: Tensor) -> None:
    def plan(network: nn.Module, seed: int):
        return resolve(Method("random"))(
            network, 0.5, Context(example, example, example, torch.Generator().manual_seed(seed))
        )

    assert plan(trained("vgg", 0), 1) == plan(trained("vgg", 9), 1) != plan(trained("vgg", 0), 2)


def test_a_network_without_filters_to_prune(trained, context: Context) -> None:
    with pytest.raises(PlanError, match="no scores: the method found no layer of this network that it can prune"):
        resolve(Method("l1"))(trained("densenet"), 0.5, context)

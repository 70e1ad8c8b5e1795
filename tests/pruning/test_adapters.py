"""Every form of a method comes to a plan, and a smaller network to the plan of its shapes."""

import copy

import pytest
import torch
import torch_pruning as tp
from torch import nn

from prunebench.pruning import Plan, fisher, from_importance, keep_uniform, prunable
from prunebench.pruning.adapters import COUNTS_ONLY, adapted
from prunebench.pruning.decision import decide
from prunebench.pruning.files import MethodError
from prunebench.pruning.surgery import apply


def size(network, context):
    return {group.name: torch.arange(float(group.channels)) for group in prunable(network, context.example)}


def test_a_score_is_shared_out_evenly(trained, context) -> None:
    network = trained("vgg")
    plan = decide(adapted(size), network, 0.5, context, context.example).plan
    assert plan == keep_uniform(size(network, context), 0.5)


def test_a_plan_function_stays_as_it_is() -> None:
    def prune(network, ratio, context, strength=1):
        return Plan({}, {})

    assert adapted(prune) is prune
    assert adapted(3) == 3


@pytest.mark.parametrize(
    ("importance", "prepare"),
    [(tp.importance.FPGMImportance(), None), (tp.importance.HessianImportance(), fisher)],
)
def test_an_importance_is_from_importance_with_what_it_reads(trained, context, importance, prepare) -> None:
    network = trained("vgg")
    found = decide(adapted(importance), network, 0.5, context, context.example).plan
    assert found == from_importance(importance, prepare=prepare)(network, 0.5, context)


def pruned_apart(network: nn.Module, plan: Plan, example: torch.Tensor) -> nn.Module:
    small = apply(network, plan, example)
    with torch.no_grad():
        for parameter in small.parameters():
            parameter.mul_(1.5)
    return small


@pytest.mark.parametrize("family", ["vgg", "preresnet", "densenet"])
def test_a_smaller_network_is_taken_with_its_own_weights(trained, context, family) -> None:
    network = trained(family)
    groups = prunable(network, context.example)
    chosen = Plan({g.name: range(1, g.channels) for g in groups}, {g.name: g.channels for g in groups})
    small = pruned_apart(network, chosen, context.example)
    found = decide(lambda *_: small, network, 0.3, context, context.example)
    assert found.network is small
    assert found.refitted
    assert found.plan.notes == (COUNTS_ONLY,)
    again = apply(network, found.plan, context.example)
    again.load_state_dict(small.state_dict())
    torch.testing.assert_close(again.eval()(context.example), small.eval()(context.example))


def test_a_pruner_of_torch_pruning_is_such_a_method(trained, context) -> None:
    def prune(network, ratio, context):
        small = copy.deepcopy(network)
        importance, fixed = tp.importance.GroupMagnitudeImportance(), [small.classifier]
        tp.pruner.BasePruner(small, context.example, importance, pruning_ratio=ratio, ignored_layers=fixed).step()
        return small

    found = decide(prune, trained("vgg"), 0.5, context, context.example)
    assert [len(kept) for kept in found.plan.keep.values()] == [2, 3, 2, 3]


def test_another_architecture_is_refused(trained, context) -> None:
    other = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    with pytest.raises(MethodError, match=r"returned network is not the given one with fewer channels: \S+ has shape"):
        decide(lambda *_: other, trained("vgg"), 0.5, context, context.example)

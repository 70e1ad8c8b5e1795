"""Random networks and random plans: what is pruned is exact by another measure than the oracle's, or is refused.

`PB_EXAMPLES=2000 pytest tests/pruning/test_oracle.py` is the long form.
"""

import os
import warnings
from random import Random

import pytest
import torch
import torch_pruning as tp
from grammar import SIDE, network
from independent import disagreement
from torch import Tensor, nn

from prunebench.pruning import Plan, PlanError, prunable
from prunebench.pruning.oracle import doubt
from prunebench.pruning.surgery import apply

IMAGES = torch.zeros(1, 1, SIDE, SIDE)
EXAMPLES = int(os.environ.get("PB_EXAMPLES", "60"))
BATCH = 20


def random_plan(built: nn.Module, seed: int) -> Plan:
    groups, pick = prunable(built, IMAGES), Random(seed)
    keep = {g.name: sorted(pick.sample(range(g.channels), pick.randint(1, g.channels))) for g in groups}
    return Plan(keep, {g.name: g.channels for g in groups})


@pytest.mark.parametrize("first", range(0, EXAMPLES, BATCH))
def test_no_plan_is_carried_out_wrongly(first: int) -> None:
    for seed in range(first, min(first + BATCH, EXAMPLES)):
        carried_out(seed)


@pytest.mark.parametrize("seed", [434, 545], ids=["does not run on two images", "differs by rounding alone"])
def test_what_was_no_wrong_plan_is_taken_for_none(seed: int) -> None:
    carried_out(seed)


def carried_out(seed: int) -> None:
    """Prune a network by a plan of its own: exactly, or not at all."""
    torch.manual_seed(seed)
    built = network(seed)
    try:
        plan = random_plan(built, seed)
        small = apply(built, plan, IMAGES)
    except PlanError:
        return
    removed = {name: plan.removed(name) for name in plan.keep if plan.removed(name)}
    if not disagreement(built, small, removed, IMAGES) < 1e-3:  # rounding may be all that differs, which this leaves
        assert disagreement(built.double(), small.double(), removed, IMAGES.double()) < 1e-7, f"seed {seed}: {built}"


def test_the_grammar_has_networks_that_can_be_pruned() -> None:
    assert sum(bool(prunable(network(seed), IMAGES)) for seed in range(10)) >= 7


class Order(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.fc = nn.Conv2d(1, 6, 3), nn.Conv2d(6, 5, 3), nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.fc(self.b(self.a(x).sigmoid()).relu().mean((2, 3)))
        return logits


@pytest.mark.parametrize("wrong", ["columns", "rows", "none"])
def test_a_surgery_that_takes_other_weights_is_found_at_the_first_layer_that_differs(wrong: str) -> None:
    def cut(built: nn.Module) -> nn.Module:
        keep, read = [0, 2, 5], {"columns": [0, 1, 5], "rows": [0, 2, 5], "none": [0, 2, 5]}[wrong]
        rows = [0, 2, 4] if wrong == "rows" else keep
        built.a = _with(nn.Conv2d(1, 3, 3), built.a.weight[rows], built.a.bias[rows])
        built.b = _with(nn.Conv2d(3, 5, 3), built.b.weight[:, read], built.b.bias)
        return built

    reason = doubt(Order(), {"a": [1, 3, 4]}, cut, IMAGES)
    if wrong == "none":
        assert not reason
    else:
        assert reason.endswith(f"from {'b' if wrong == 'columns' else 'a'} on")


def _with(layer: nn.Module, weight: Tensor, bias: Tensor) -> nn.Module:
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer


def test_what_is_left_must_train_where_the_whole_trains() -> None:
    def cut(built: nn.Module) -> nn.Module:
        built.a = _with(nn.Conv2d(1, 3, 3), built.a.weight[:3], built.a.bias[:3])
        built.b = _with(nn.Conv2d(3, 5, 3), built.b.weight[:, :3], built.b.bias)
        built.register_forward_hook(lambda m, i, y: y @ torch.ones(4, 4) if m.training else y)
        return built

    assert "does not train without" in doubt(Order(), {"a": [3, 4, 5]}, cut, IMAGES)


@pytest.mark.parametrize("seed", range(12))
def test_torch_prunings_own_pruner_makes_the_same_network_where_it_is_right(seed: int) -> None:
    built = network(seed).eval()
    plan = random_plan(built, seed)
    removed = {name: plan.removed(name) for name in plan.keep if plan.removed(name)}
    try:
        theirs = pruned_by_torch_pruning(network(seed).eval(), removed)
        right = disagreement(built, theirs, removed, IMAGES) < 1e-3
    except Exception as error:
        pytest.skip(f"Torch-Pruning's own pruner breaks this network: {error}")
    if not right:
        pytest.skip("Torch-Pruning's own pruner makes another network of it, silently")
    images = torch.randn(2, 1, SIDE, SIDE)
    torch.testing.assert_close(apply(built, plan, IMAGES).eval()(images), theirs(images), rtol=1e-4, atol=1e-4)


def pruned_by_torch_pruning(built: nn.Module, removed: dict[str, list[int]]) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = tp.DependencyGraph().build_dependency(built, IMAGES, verbose=False)
        for name, channels in removed.items():
            module = built.get_submodule(name)
            graph.get_pruning_group(module, graph.get_pruner_of_module(module).prune_out_channels, channels).prune()
    return built

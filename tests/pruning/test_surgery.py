"""The smaller network computes what the large one computes with the removed channels at zero."""

from collections.abc import Callable

import pytest
import torch
import torch_pruning as tp
import torchvision
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from prunebench.networks import initialise
from prunebench.networks.flops import count
from prunebench.pruning import Plan, PlanError, prunable
from prunebench.pruning.methods import random as random_channels
from prunebench.pruning.methods import slimming
from prunebench.pruning.surgery import apply

Trained = Callable[..., nn.Module]
FAMILIES = ("vgg", "preresnet", "densenet")
quick = settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])


def shapes(network: nn.Module) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def random_plan(network: nn.Module, example: Tensor, data: st.DataObject) -> Plan:
    groups = prunable(network, example)
    kept = st.tuples(*(st.sets(st.integers(0, g.channels - 1), min_size=1) for g in groups))
    keep = {group.name: tuple(sorted(k)) for group, k in zip(groups, data.draw(kept), strict=True)}
    return Plan(keep, {group.name: group.channels for group in groups})


@pytest.mark.parametrize("family", FAMILIES)
@quick
@given(data=st.data())
def test_inherited_weights_compute_the_masked_network(
    family: str, data: st.DataObject, trained: Trained, example: Tensor
) -> None:
    network, masked = (trained(family).double().eval() for _ in range(2))
    example = example.double()
    plan = random_plan(network, example, data)
    for group in prunable(masked, example):
        assert group.norm is not None
        with torch.no_grad():
            group.norm.weight[plan.removed(group.name)] = 0
            group.norm.bias[plan.removed(group.name)] = 0
    torch.testing.assert_close(apply(network, plan, example)(example), masked(example), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
@quick
@given(data=st.data())
def test_inherit_and_scratch_have_the_same_shapes(
    family: str, data: st.DataObject, trained: Trained, example: Tensor
) -> None:
    network, fresh = trained(family), trained(family)
    initialise(fresh, torch.Generator().manual_seed(5))
    plan = random_plan(network, example, data)
    inherited, scratch = apply(network, plan, example), apply(fresh, plan, example)
    assert shapes(inherited) == shapes(scratch)
    assert count(inherited, example) == count(scratch, example)
    if any(plan.removed(name) for name in plan.keep):
        assert count(inherited, example).parameters < count(network, example).parameters


@pytest.mark.parametrize("family", ["preresnet", "densenet"])
def test_the_trunk_keeps_its_width(family: str, trained: Trained, example: Tensor) -> None:
    network = trained(family)
    groups = [g for g in prunable(network, example) if g.producer is None]
    assert groups
    small = apply(network, Plan({g.name: (1,) for g in groups}, {g.name: g.channels for g in groups}), example)
    before, after = shapes(network), shapes(small)
    for name, shape in before.items():
        if name.endswith("indices"):
            assert after[name] == (1,)
        elif "norm" in name or name == "stem.weight":
            assert after[name] == shape


@pytest.mark.parametrize("family", FAMILIES)
def test_the_input_is_untouched_and_modes_are_kept(family: str, trained: Trained, example: Tensor, context) -> None:
    network = trained(family)
    frozen = next(name for name, _ in network.named_parameters())
    network.get_parameter(frozen).requires_grad_(False)
    next(m for m in network.modules() if isinstance(m, nn.BatchNorm2d)).eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    modes = [m.training for m in network.modules()]
    small = apply(network, random_channels.prune(network, 0.5, context), example)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert [m.training for m in network.modules()] == [m.training for m in small.modules()] == modes
    assert [n for n, p in small.named_parameters() if not p.requires_grad] == [frozen]
    small(example).sum().backward()
    assert all(p.grad is None for p in network.parameters())


def test_a_pruned_network_can_be_pruned_again(trained: Trained, example: Tensor) -> None:
    network = trained("densenet").eval()
    name = "layers.1.read.select"
    once = apply(network, Plan({name: (1, 3, 4, 8)}, {name: 9}), example)
    twice = apply(once, Plan({name: (0, 2)}, {name: 4}), example)
    direct = apply(network, Plan({name: (1, 4)}, {name: 9}), example)
    assert shapes(twice) == shapes(direct)
    assert all(
        torch.equal(a, b) for a, b in zip(twice.state_dict().values(), direct.state_dict().values(), strict=True)
    )


def test_torch_prunings_own_pruner_agrees(trained: Trained, example: Tensor, context) -> None:
    network, ratio = trained("vgg"), 0.4
    plan = slimming.prune(network, ratio, context)
    ours = apply(network, plan, example)
    total = sum(plan.total.values())
    tp.pruner.BNScalePruner(
        network.eval(),
        example,
        importance=tp.importance.BNScaleImportance(normalizer=None),
        global_pruning=True,
        pruning_ratio=(int(total * ratio) + 0.999) / total,  # theirs rounds up, the paper's rule adds the threshold's
        ignored_layers=[network.classifier],
    ).step()
    assert 0 < sum(map(len, plan.keep.values())) < total
    assert shapes(ours) == shapes(network)
    assert all(
        torch.equal(a, b) for a, b in zip(ours.state_dict().values(), network.state_dict().values(), strict=True)
    )


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "squeezenet1_1"])
def test_torchvisions_networks_work_too(name: str, context) -> None:
    network, image = getattr(torchvision.models, name)(), torch.zeros(1, 3, 32, 32)
    groups = prunable(network, image)
    small = apply(network, Plan({g.name: (0, 1) for g in groups}, {g.name: g.channels for g in groups}), image)
    assert count(small, image).flops < count(network, image).flops
    assert small(torch.zeros(2, 3, 32, 32)).shape == (2, 1000)


@pytest.mark.parametrize(
    ("family", "keep", "total", "message"),
    [
        (
            "vgg",
            {"features.conv1": (0,)},
            {"features.conv1": 5},
            "features.conv1 has 4 channels in this network and 5 in",
        ),
        (
            "vgg",
            {"features.norm9": (0,)},
            {"features.norm9": 4},
            "no layer 'features.norm9' .* for example, features.norm",
        ),
        (
            "vgg",
            {"features.relu1": (0,)},
            {"features.relu1": 4},
            "the network has no layer 'features.relu1' with channels",
        ),
        (
            "vgg",
            {"classifier": (0,)},
            {"classifier": 3},
            "cannot remove channels of classifier: they are the network's own",
        ),
        (
            "vgg",
            {"features.conv1": (0,), "features.norm1": (0,)},
            {"features.conv1": 4, "features.norm1": 4},
            "features.conv1 and features.norm1 share their channels: a plan names one of them",
        ),
        (
            "preresnet",
            {"stem": (0,)},
            {"stem": 3},
            "cannot remove channels of stem: they are the trunk that blocks.0.read.select reads",
        ),
        (
            "densenet",
            {"layers.0.read.norm": (0,)},
            {"layers.0.read.norm": 6},
            "cannot remove channels of layers.0.read.norm: they are the trunk that layers.0.read.select reads",
        ),
    ],
)
def test_a_plan_that_does_not_fit(family, keep, total, message, trained: Trained, example: Tensor) -> None:
    with pytest.raises(PlanError, match=message):
        apply(trained(family), Plan(keep, total), example)


class Fixed(nn.Module):
    """Has a layer that it does not use, and its width written into the forward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.idle, self.linear = nn.Conv2d(1, 4, 1), nn.Linear(3, 3), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.linear(self.conv(x).mean((2, 3)) * torch.arange(4))
        return logits


def test_networks_that_cannot_be_operated_on(trained: Trained, example: Tensor) -> None:
    plan = Plan({"features.norm1": (0,)}, {"features.norm1": 4})
    with pytest.raises(
        PlanError, match=r"cannot trace VGG with an example of shape \[2, 3, 8, 8\]: .*expected input.*"
    ):
        apply(trained("vgg"), plan, torch.zeros(2, 3, 8, 8))
    with pytest.raises(PlanError, match="cannot remove channels of idle: it takes no part in the forward pass"):
        apply(Fixed(), Plan({"idle": (0,)}, {"idle": 3}), example)
    with pytest.raises(PlanError, match=r"the network does not run without the removed channels: .*size of tensor"):
        apply(Fixed(), Plan({"conv": (0, 1)}, {"conv": 4}), example)

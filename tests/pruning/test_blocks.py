"""Dropping residual blocks whole, and trunks that cannot be pruned."""

import copy

import pytest
import torch
from torch import nn

from prunebench.networks import build, initialise
from prunebench.networks.flops import count
from prunebench.pruning import Plan, PlanError, prunable
from prunebench.pruning.surgery import apply
from prunebench.specs.experiment import Network, options

IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def ours(family: str, **chosen: object) -> nn.Module:
    network = build(Network(family, options(**chosen)), 3, 5)
    initialise(network, torch.Generator().manual_seed(1))
    return network.eval()


def zero_branches(network: nn.Module, blocks: tuple[str, ...], last: str) -> nn.Module:
    """Return a copy whose residual branches end in zeros."""
    silenced = copy.deepcopy(network)
    for block in blocks:
        for parameter in silenced.get_submodule(f"{block}.{last}").parameters():
            nn.init.zeros_(parameter)
    return silenced


@pytest.mark.parametrize(
    ("network", "blocks", "last"),
    [
        (ours("torchvision", name="resnet18"), ("layer1.1", "layer2.0", "layer3.0", "layer3.1"), "bn2"),
        (ours("resnet", blocks=2, widths=(4, 6, 8)), ("blocks.1", "blocks.2", "blocks.4"), "norm2"),
        (ours("resnet", blocks=2, widths=(4, 6), shortcut="projection"), ("blocks.2",), "norm2"),
        (ours("preresnet", blocks=2, widths=(2, 3)), ("blocks.0", "blocks.1", "blocks.2"), "conv3"),
    ],
    ids=["torchvision", "resnet", "projection", "preresnet"],
)
def test_what_is_left_computes_the_network_without_those_branches(
    network: nn.Module, blocks: tuple[str, ...], last: str
) -> None:
    small = apply(network, Plan({}, {}, drop=blocks), IMAGES)
    torch.testing.assert_close(small(IMAGES), zero_branches(network, blocks, last)(IMAGES))
    assert count(small, IMAGES).flops < count(network, IMAGES).flops
    assert small(IMAGES).requires_grad


def test_blocks_and_channels_can_go_together() -> None:
    network = ours("resnet", blocks=2, widths=(4, 6)).train()
    plan = Plan({"blocks.0.norm1": (1, 3)}, {"blocks.0.norm1": 4}, drop=("blocks.1",))
    assert Plan.from_json(plan.to_json()) == plan
    small = apply(network, plan, IMAGES)
    assert small.training
    assert all(m.training for m in small.modules())
    assert small.get_submodule("blocks.0.conv1").out_channels == 2
    assert network.get_submodule("blocks.1.conv1").out_channels == 4


def test_a_plan_without_blocks_has_the_json_of_old() -> None:
    assert Plan({"a": (0,)}, {"a": 2}).to_json() == {"keep": {"a": [0]}, "total": {"a": 2}, "notes": []}


def test_wrong_blocks() -> None:
    network = ours("resnet", blocks=1, widths=(2, 3))
    with pytest.raises(PlanError, match=r"no block 'blocks.9' to drop; it has, for example, blocks"):
        apply(network, Plan({}, {}, drop=("blocks.9",)), IMAGES)
    with pytest.raises(PlanError, match=r"blocks.0.norm1 lies in blocks.0, which is dropped: a plan names one"):
        Plan({"blocks.0.norm1": (0,)}, {"blocks.0.norm1": 2}, drop=("blocks.0",))
    with pytest.raises(PlanError, match="cannot trace"):
        apply(network, Plan({}, {}, drop=("stem",)), IMAGES)


@pytest.mark.parametrize("shortcut", ["padded", "detached"])
@pytest.mark.parametrize("layer", ["norm", "blocks.0.conv2", "blocks.1.conv2"])
def test_a_trunk_that_is_padded_keeps_its_width(shortcut: str, layer: str) -> None:
    network = ours("resnet", blocks=1, widths=(2, 3), shortcut=shortcut)
    assert [g.name for g in prunable(network, IMAGES)] == ["blocks.0.norm1", "blocks.1.norm1"]
    width = 3 if layer == "blocks.1.conv2" else 2
    with pytest.raises(PlanError, match=f"{layer}: they are a trunk whose shortcut blocks.1.shortcut fills up with"):
        apply(network, Plan({layer: (0,)}, {layer: width}), IMAGES)

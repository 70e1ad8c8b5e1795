"""Surgery on networks that this project does not name: each loses channels as if they were zero, or says why not."""

import copy
from collections.abc import Callable

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models.convnext import CNBlockConfig
from torchvision.models.resnet import Bottleneck

from prunebench.networks import build
from prunebench.networks.flops import count
from prunebench.pruning import Plan, PlanError, prunable
from prunebench.pruning.groups import survey
from prunebench.pruning.surgery import apply
from prunebench.specs.experiment import Network, options

IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
SMALL_MOBILENET = options(stages=((1, 4, 1, 1), (2, 6, 2, 2)), stem=4, last=8)


def narrow_convnext() -> nn.Module:
    return torchvision.models.ConvNeXt([CNBlockConfig(8, 16, 1), CNBlockConfig(16, None, 1)], num_classes=5)


def narrow_vit() -> nn.Module:
    return torchvision.models.VisionTransformer(32, 8, 2, 2, hidden_dim=16, mlp_dim=32, num_classes=5)


OTHERS: dict[str, Callable[[], nn.Module]] = {
    "vit": narrow_vit,
    "convnext": narrow_convnext,
    "densenet": lambda: torchvision.models.DenseNet(4, (2, 2), 8, num_classes=5),
    "resnext": lambda: torchvision.models.ResNet(Bottleneck, [1, 1, 1, 1], 5, groups=4, width_per_group=4),
    "wide resnet": lambda: torchvision.models.ResNet(Bottleneck, [1, 1, 1, 1], 5, width_per_group=96),
    "efficientnet": lambda: torchvision.models.efficientnet_b0(num_classes=5),
    "mnasnet": lambda: torchvision.models.MNASNet(0.35, num_classes=5),
    "mobilenet v3": lambda: torchvision.models.mobilenet_v3_small(num_classes=5),
    "regnet x": lambda: torchvision.models.regnet_x_400mf(num_classes=5),
    "regnet y": lambda: torchvision.models.regnet_y_400mf(num_classes=5),
    "googlenet": lambda: build(Network("torchvision", options(name="googlenet")), 3, 5),
    "mobilenet of ours": lambda: build(Network("mobilenet", SMALL_MOBILENET), 3, 5),
}


@pytest.mark.parametrize("name", OTHERS)
def test_networks_that_nobody_named_lose_channels_as_if_they_were_zero(name: str) -> None:
    network = lively(OTHERS[name]())
    groups = prunable(network, IMAGES.double())
    plan = Plan({g.name: range(0, g.channels, 2) for g in groups}, {g.name: g.channels for g in groups})
    small = apply(network, plan, IMAGES.double())
    assert count(small, IMAGES.double()).parameters < count(network, IMAGES.double()).parameters
    dense, masked, pruned = (n(IMAGES.double()) for n in (network, silenced(network, plan), small))
    scale = dense.abs().max()
    torch.testing.assert_close(pruned / scale, masked / scale, rtol=1e-8, atol=1e-8)
    assert (pruned / scale - dense / scale).abs().max() > 0.01


def lively(network: nn.Module) -> nn.Module:
    """Redraw all weights so that images make a difference to the logits."""
    generator = torch.Generator().manual_seed(0)
    for name, parameter in network.named_parameters():
        if parameter.dim() > 1 and not name.endswith("layer_scale"):
            std = (2 / parameter[0].numel()) ** 0.5
            nn.init.normal_(parameter, 0, std, generator=generator)
        elif name.endswith("layer_scale"):
            nn.init.ones_(parameter)
    return network.double().eval()


def silenced(network: nn.Module, plan: Plan) -> nn.Module:
    """Return a copy whose removed filters are zero; fresh normalisations pass zeros on."""
    masked = copy.deepcopy(network)
    for group in prunable(masked, IMAGES.double()):
        assert group.producer is not None
        with torch.no_grad():
            for parameter in group.producer.parameters():
                parameter[plan.removed(group.name)] = 0
    return masked


def narrow_swin() -> nn.Module:
    return torchvision.models.SwinTransformer([2, 2], 8, [1, 1], [2, 2], [4, 4], num_classes=5)


def test_what_cannot_be_followed_is_left_out_and_the_rest_is_offered() -> None:
    found = survey(narrow_swin().eval(), IMAGES)
    assert [group.name for group in found.groups] == ["features.1.0.mlp.0", "features.3.0.mlp.0"]
    assert "cannot follow the channels of features.2.reduction" in found.left_out["features.2.reduction"]


def test_a_network_that_cannot_be_traced_says_so() -> None:
    with pytest.raises(
        PlanError, match=r"cannot trace ShuffleNetV2 .*: it runs, but Torch-Pruning cannot follow its channels"
    ):
        prunable(torchvision.models.shufflenet_v2_x0_5().eval(), IMAGES)

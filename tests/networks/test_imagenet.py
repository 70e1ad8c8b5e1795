"""Torchvision's networks by name, the paper's ImageNet VGG-11 and the detector."""

from typing import Any

import pytest
import torch
from torch import nn
from torchvision.ops import FrozenBatchNorm2d

from prunebench.common.errors import PrunebenchError
from prunebench.networks import ChannelSelection, build
from prunebench.networks.detectors import faster_rcnn
from prunebench.networks.flops import count
from prunebench.specs.architectures import IMAGENET
from prunebench.specs.experiment import Network, options

SIZES = {
    "vgg16": (138_357_544, {}),
    "vgg16_bn": (138_365_992, {}),
    "resnet34": (21_797_672, {}),
    "resnet50": (25_557_032, {}),
    "resnet50 of ThiNet": (25_557_032 + 256 + 512 + 1024 + 2048, {"downsample_bias": True}),
}


def on_meta(**chosen: Any) -> nn.Module:
    with torch.device("meta"):
        return build(Network("torchvision", options(**chosen)), 3, 1000)


@pytest.mark.parametrize("name", SIZES)
def test_sizes(name: str) -> None:
    parameters, chosen = SIZES[name]
    assert sum(p.numel() for p in on_meta(name=name.split()[0], **chosen).parameters()) == parameters


def test_slimmings_vgg11_has_normalised_linear_layers() -> None:
    with torch.device("meta"):
        vgg = build(IMAGENET["slimming"]["VGG-11"], 3, 1000)
        cost, images = count(vgg, torch.empty(1, 3, 224, 224)), torch.empty(1, 3, 224, 224)
    plain = count(on_meta(name="vgg11_bn"), images)
    assert cost.parameters == plain.parameters + 4 * 4096
    assert (cost.macs, cost.flops) == (plain.macs, plain.flops)


def test_images_may_have_any_channels_and_classes_any_number() -> None:
    network = build(Network("torchvision", options(name="googlenet")), 1, 4).eval()
    assert network(torch.zeros(1, 1, 32, 32)).shape == (1, 4)


def test_a_selection_changes_nothing_before_it_is_pruned() -> None:
    plain, selecting = (
        build(Network("torchvision", options(name="resnet18", selection=s)), 3, 5) for s in (False, True)
    )
    selections = [m for m in selecting.modules() if isinstance(m, ChannelSelection)]
    assert [m.channels for m in selections] == [64, 64, 64, 128, 128, 256, 256, 512]
    weights = {name.replace("conv1.conv", "conv1"): w for name, w in selecting.state_dict().items()}
    plain.load_state_dict({name: w for name, w in weights.items() if "select" not in name})
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(plain.eval()(images), selecting.eval()(images))


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"name": "resnet43"}, "torchvision has no classifier 'resnet43'; did you mean resnet34"),
        ({"name": "alexnet", "selection": True}, "alexnet is no ResNet, leave selection and downsample_bias out"),
    ],
)
def test_errors(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(PrunebenchError, match=message):
        on_meta(**chosen)


def test_a_detector_trains_what_the_paper_trained() -> None:
    backbone = build(Network("torchvision", options(name="resnet18")), 3, 10)
    detector = faster_rcnn(backbone, classes=20, size=64, largest=96).train()
    target = {"boxes": torch.tensor([[5.0, 5.0, 60.0, 60.0]]), "labels": torch.tensor([3])}
    sum(detector([torch.rand(3, 64, 80)], [target]).values()).backward()
    trained = {name for name, p in detector.named_parameters() if p.grad is not None}
    assert not any(name.startswith("backbone.0") for name in trained)
    assert {name.split(".")[0] for name in trained} == {"backbone", "rpn", "roi_heads"}
    assert not any(isinstance(m, nn.BatchNorm2d) for m in detector.modules())
    assert sum(isinstance(m, FrozenBatchNorm2d) for m in detector.modules()) == 20
    assert detector.roi_heads.box_predictor.cls_score.out_features == 21
    assert detector.eval()([torch.rand(3, 64, 80)])[0]["boxes"].shape[1] == 4

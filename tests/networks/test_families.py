"""Sizes of the paper's networks, to the unit, and the errors of `build`."""

import pytest
import torch
from torch import nn

from prunebench.common.errors import PrunebenchError
from prunebench.networks import ChannelSelection, build
from prunebench.networks.flops import count
from prunebench.specs.architectures import CIFAR, FAMILIES, IMAGENET, paper_network, vgg_widths
from prunebench.specs.experiment import Network, options

SLIMMING = {  # trained parameters on 10 classes, BatchNorm2d channels, selected channels: paper protocols, sec. 3
    "VGG-19": (20_035_018, 5_504, 0),
    "VGG-16": (14_724_042, 4_224, 0),
    "PreResNet-164": (1_711_338 - 8_080, 12_112, 8_080),
    "DenseNet-40": (1_059_298, 9_360, 9_360),
}
WEIGHT_LEVEL = {  # classes, weights of convolutions, other parameters: paper protocols, Q1 and sec. 4, Figs. 3, 5, 6
    "VGG-16": (10, 14_710_464, 17_802),
    "VGG-19": (100, 20_018_880, 67_812),
    "PreResNet-110": (100, 1_676_464, 49_924),
    "DenseNet-40": (100, 1_036_008, 64_420),
}
TOTALS = {"DenseNet-BC-100": 769_162, "DenseNet-BC-100 as released": 4_068_490, "ResNet-50": 758_554}  # Q2, Q7
TINY = {
    "vgg": options(widths=(4, "M", 6), hidden=(5,)),
    "preresnet": options(blocks=1, widths=(2, 3)),
    "densenet": options(growth=2, layers=1, bottleneck=True, compression=0.5),
    "resnet": options(blocks=1, widths=(2, 3), shortcut="detached"),
    "mobilenet": options(stages=((1, 4, 1, 1), (2, 6, 2, 2)), stem=4, last=8),
    "torchvision": options(name="mnasnet0_5"),
}


@pytest.mark.parametrize("name", SLIMMING)
def test_sizes_are_the_papers(name: str) -> None:
    parameters, norms, selected = SLIMMING[name]
    with torch.device("meta"):
        built = build(CIFAR["slimming"][name], channels=3, classes=10)
        assert count(built, torch.empty(1, 3, 32, 32)).parameters == parameters
    assert sum(m.num_features for m in built.modules() if isinstance(m, nn.BatchNorm2d)) == norms
    assert sum(len(m.indices) for m in built.modules() if isinstance(m, ChannelSelection)) == selected


@pytest.mark.parametrize("name", WEIGHT_LEVEL)
def test_weight_level_networks_have_the_papers_weights_and_no_selection(name: str) -> None:
    classes, convolutions, others = WEIGHT_LEVEL[name]
    with torch.device("meta"):
        built = build(CIFAR["weight_level"][name], 3, classes)
    weights = sum(m.weight.numel() for m in built.modules() if isinstance(m, nn.Conv2d))
    assert (weights, sum(p.numel() for p in built.parameters()) - weights) == (convolutions, others)
    assert not any(isinstance(m, ChannelSelection) for m in built.modules())


@pytest.mark.parametrize("name", TOTALS)
def test_sizes_that_only_the_protocols_name(name: str) -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in build(CIFAR["weight_level"][name], 3, 10).parameters()) == TOTALS[name]


def test_the_released_preresnet_has_110_layers() -> None:
    with torch.device("meta"):
        built = build(CIFAR["weight_level"]["PreResNet-110 as released"], 3, 10)
    assert sum(m.weight.numel() for m in built.modules() if isinstance(m, nn.Conv2d)) == 1_128_112


@pytest.mark.parametrize(("blocks", "depth"), [(3, 20), (5, 32), (8, 50), (9, 56), (18, 110)])
def test_a_resnet_has_6n_plus_2_layers(blocks: int, depth: int) -> None:
    with torch.device("meta"):
        built = build(Network("resnet", options(blocks=blocks)), 3, 10)
    assert sum(isinstance(m, nn.Conv2d | nn.Linear) for m in built.modules()) == depth


def test_every_network_of_the_paper_can_be_built() -> None:
    with torch.device("meta"):
        for projects in (CIFAR, IMAGENET):
            for networks in projects.values():
                for network in networks.values():
                    assert build(network, 3, 10).training
    assert paper_network("ImageNet", "slimming", "VGG-11") == IMAGENET["slimming"]["VGG-11"]
    assert paper_network("CIFAR-100", "l1", "ResNet-56") == CIFAR["l1"]["ResNet-56"]
    with pytest.raises(PrunebenchError, match="unknown network 'VGG-11': did you mean VGG-19 or VGG-16"):
        paper_network("CIFAR-10", "slimming", "VGG-11")
    with pytest.raises(PrunebenchError, match="unknown project 'slim': did you mean slimming"):
        paper_network("CIFAR-10", "slim", "VGG-19")


def test_vgg_widths_have_the_depth() -> None:
    assert vgg_widths(11) == (64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512)
    for depth in (11, 16, 19):
        assert sum(w != "M" for w in vgg_widths(depth, 5)) == depth - 3


def test_mobilenet_has_the_size_of_torchvisions_and_a_last_map_of_4x4() -> None:
    with torch.device("meta"):
        built = build(Network("mobilenet"), 3, 1000)
        assert built.features(torch.empty(1, 3, 32, 32)).shape == (1, 1280, 4, 4)
    assert sum(p.numel() for p in built.parameters()) == 3_504_872


def test_the_l1_papers_vgg_has_a_hidden_layer() -> None:
    with torch.device("meta"):
        slim, l1 = (build(CIFAR[project]["VGG-16"], 3, 10) for project in ("slimming", "l1"))
    extra = sum(p.numel() for p in l1.parameters()) - sum(p.numel() for p in slim.parameters())
    assert extra == 512 * 512 + 512 + 2 * 512


@pytest.mark.parametrize("family", TINY)
@pytest.mark.parametrize("size", [16, 32])
def test_images_of_both_sizes_give_logits(family: str, size: int) -> None:
    network = build(Network(family, TINY[family]), channels=1, classes=7)
    assert network(torch.randn(2, 1, size, size)).shape == (2, 7)


def test_every_family_says_in_a_line_what_it_is_and_from_where() -> None:
    assert FAMILIES.keys() == TINY.keys()
    assert all("et al. 20" in line or "2015" in line for line in FAMILIES.values())
    assert all(len(line) <= 120 for line in FAMILIES.values())


def test_a_selection_passes_on_its_channels_in_order() -> None:
    selection, x = ChannelSelection(4), torch.randn(2, 4, 3, 3)
    assert torch.equal(selection(x), x)
    selection.indices = torch.tensor([0, 2])
    assert torch.equal(selection(x), x[:, [0, 2]])
    assert "indices" in selection.state_dict()


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Network("vggs"), "unknown network 'vggs': did you mean vgg?"),
        (
            Network("unet"),
            "unknown network 'unet': did you mean resnet",
        ),
        (
            Network("vgg", options(widths=(8,), form="l1")),
            "network vgg: form 'l1' is unknown; valid are slimming, weight",
        ),
        (
            Network("preresnet", options(blocks=1, form="l1")),
            "network preresnet: form 'l1' is unknown; valid are slimming",
        ),
        (
            Network("resnet", options(blocks=1, shortcut="A")),
            "network resnet: shortcut 'A' is unknown; valid are padded, detached, projection",
        ),
        (Network("vgg", options(width=(8,))), "network vgg: option 'width' is unknown; options are widths, hidden"),
        (
            Network("densenet", options(growth=2)),
            "network densenet: option 'layers' is missing; options are growth, layers",
        ),
        (
            Network("vgg", options(widths=(8, "X"))),
            "network vgg: widths has 'X'; valid are positive channel numbers and 'M'",
        ),
        (Network("vgg", options(widths=(8, 0))), "network vgg: widths has 0; valid are"),
        (Network("vgg", options(widths=("M",))), "network vgg: widths has no convolution; valid are"),
    ],
)
def test_errors_name_what_is_valid(network: Network, message: str) -> None:
    with pytest.raises(PrunebenchError) as error:
        build(network, 1, 10)
    assert message in str(error.value)

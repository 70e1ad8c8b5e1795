"""Sizes of the paper's networks, to the unit, and the errors of `build`."""

import pytest
import torch
from torch import nn

from prunebench.errors import PrunebenchError
from prunebench.experiment import Network, options
from prunebench.networks import ChannelSelection, build, families
from prunebench.networks.flops import count

VGG16 = [64, 64, "M", 128, 128, "M", *[256] * 3, "M", *[512] * 3, "M", *[512] * 3]
VGG19 = [64, 64, "M", 128, 128, "M", *[256] * 4, "M", *[512] * 4, "M", *[512] * 4]
PAPER = {  # trained parameters, BatchNorm2d channels, selected channels: paper protocols, sec. 3
    "VGG-19": (Network("vgg", options(widths=VGG19)), 20_035_018, 5_504, 0),
    "VGG-16": (Network("vgg", options(widths=VGG16)), 14_724_042, 4_224, 0),
    "PreResNet-164": (Network("preresnet", options(blocks=18)), 1_711_338 - 8_080, 12_112, 8_080),
    "DenseNet-40": (Network("densenet", options(growth=12, layers=12)), 1_059_298, 9_360, 9_360),
}
TINY = {
    "vgg": options(widths=(4, "M", 6), hidden=(5,)),
    "preresnet": options(blocks=1, widths=(2, 3)),
    "densenet": options(growth=2, layers=1),
}


@pytest.mark.parametrize("name", PAPER)
def test_sizes_are_the_papers(name: str) -> None:
    network, parameters, norms, selected = PAPER[name]
    with torch.device("meta"):
        built = build(network, channels=3, classes=10)
        assert count(built, torch.empty(1, 3, 32, 32)).parameters == parameters
    assert sum(m.num_features for m in built.modules() if isinstance(m, nn.BatchNorm2d)) == norms
    assert sum(len(m.indices) for m in built.modules() if isinstance(m, ChannelSelection)) == selected


def test_the_l1_papers_vgg_has_a_hidden_layer() -> None:
    with torch.device("meta"):
        slim, l1 = (build(Network("vgg", options(widths=VGG16, hidden=h)), 3, 10) for h in ((), (512,)))
    extra = sum(p.numel() for p in l1.parameters()) - sum(p.numel() for p in slim.parameters())
    assert extra == 512 * 512 + 512 + 2 * 512


@pytest.mark.parametrize("family", TINY)
@pytest.mark.parametrize("size", [16, 32])
def test_images_of_both_sizes_give_logits(family: str, size: int) -> None:
    network = build(Network(family, TINY[family]), channels=1, classes=7)
    assert network(torch.randn(2, 1, size, size)).shape == (2, 7)


def test_every_family_says_in_a_line_what_it_is_and_from_where() -> None:
    assert families().keys() == TINY.keys()
    assert all("et al. 20" in line or "2015" in line for line in families().values())
    assert all(len(line) <= 120 for line in families().values())


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
        (Network("transformer"), "unknown network 'transformer': valid: densenet, preresnet, vgg."),
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

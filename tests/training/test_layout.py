"""The layout in memory that a network is trained in."""

import pytest
import torch

from prunebench import networks
from prunebench.specs.experiment import Network, Recipe, options
from prunebench.training.engine import Engine
from prunebench.training.layout import layout

VGG, RESNET = Network("vgg", options(widths=(8, 256))), Network("resnet", options(blocks=1, widths=(8, 16, 256)))


@pytest.mark.parametrize(
    ("network", "device", "wanted"),
    [
        (VGG, "cpu", torch.contiguous_format),
        (VGG, "meta", torch.channels_last),
        (Network("vgg", options(widths=(8, 255))), "cpu", torch.channels_last),
        (RESNET, "cpu", torch.channels_last),
    ],
)
def test_only_wide_vggs_on_a_cpu_are_channels_first(network, device, wanted):
    assert layout(networks.build(network, 1, 3).to(device)) == wanted


@pytest.mark.parametrize("network", [VGG, RESNET], ids=lambda network: network.family)
def test_an_engine_trains_in_that_layout(network):
    built = networks.build(network, 1, 3)
    engine = Engine(built, Recipe(1, 0.1))
    engine.step(torch.randn(4, 1, 8, 8), torch.tensor([0, 1, 2, 0]))
    weights = [weight for weight in built.parameters() if weight.dim() == 4 and weight.shape[1] > 1]
    assert all(weight.is_contiguous(memory_format=layout(built)) for weight in weights)
    assert all(weight.grad.stride() == weight.stride() for weight in weights)


@pytest.mark.parametrize("own", [torch.contiguous_format, torch.channels_last])
def test_a_users_network_keeps_its_own(own):
    """pytorch/examples#836, IntelLabs/distiller#213: `view(n, -1)` of a map that lies channels-last fails."""
    network = torch.nn.Sequential(torch.nn.Conv2d(2, 4, 3), torch.nn.Conv2d(4, 4, 3)).to(memory_format=own)
    assert layout(network) == own

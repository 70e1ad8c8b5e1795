"""The shortcuts of the CIFAR ResNets."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from prunebench.networks import PaddedShortcut, build
from prunebench.specs.experiment import Network, options


def test_option_a_takes_every_second_pixel_and_fills_up_with_zeros() -> None:
    x = torch.randn(2, 3, 6, 6, requires_grad=True)
    y = PaddedShortcut(3, 5, detached=False)(x)
    assert torch.equal(y[:, :3], x[:, :, ::2, ::2])
    assert y[:, 3:].eq(0).all()
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.sum() == 2 * 3 * 9


def test_the_detached_one_averages_and_lets_no_gradient_through() -> None:
    x = torch.randn(2, 3, 6, 6, requires_grad=True)
    y = PaddedShortcut(3, 5, detached=True)(x)
    assert torch.equal(y[:, :3], functional.avg_pool2d(x, 2))
    assert y[:, 3:].eq(0).all()
    assert torch.autograd.grad(y.sum(), x, allow_unused=True) == (None,)


def test_a_block_with_it_has_the_gradient_of_its_convolutions_alone() -> None:
    network = build(Network("resnet", options(blocks=1, widths=(2, 3), shortcut="detached")), 1, 4).double()
    block, x = network.get_submodule("blocks.1"), torch.randn(2, 2, 6, 6, dtype=torch.float64, requires_grad=True)
    (ours,) = torch.autograd.grad(block(x).square().sum(), x)
    fixed = block.shortcut(x).detach()
    block.shortcut = nn.Identity()
    branch = block.norm2(block.conv2(block.relu1(block.norm1(block.conv1(x)))))
    (by_hand,) = torch.autograd.grad((branch + fixed).relu().square().sum(), x)
    torch.testing.assert_close(ours, by_hand)


@pytest.mark.parametrize("shortcut", ["padded", "detached"])
def test_odd_maps_work(shortcut: str) -> None:
    network = build(Network("resnet", options(blocks=1, widths=(2, 3, 4), shortcut=shortcut)), 1, 4)
    assert network(torch.randn(2, 1, 14, 14)).shape == (2, 4)

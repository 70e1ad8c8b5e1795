"""What plans look like from afar: shares by stage, by place in the kernel, by width."""

import pytest
import torch

from prunebench import networks
from prunebench.pruning.context import Context
from prunebench.pruning.masking import plan_of
from prunebench.pruning.methods import slimming, uniform
from prunebench.pruning.patterns import kernel_shares, stage_shares, width_shares
from prunebench.pruning.plan import Plan
from prunebench.specs.experiment import Network, options

EXAMPLE = torch.zeros(1, 1, 8, 8)
NETWORKS = {
    "vgg": options(widths=[4, 4, "M", 8, 8, "M", 16]),
    "preresnet": options(blocks=2, widths=[4, 8, 16]),
    "densenet": options(layers=2, growth=4),
}


@pytest.fixture(params=NETWORKS)
def network(request):
    torch.manual_seed(0)
    net = networks.build(Network(request.param, NETWORKS[request.param]), 1, 10)
    for parameter in net.parameters():
        torch.nn.init.uniform_(parameter, 0.1, 1.0)
    return net


def plan(method, network, ratio):
    return method.prune(network, ratio, Context(EXAMPLE, EXAMPLE, torch.zeros(1), torch.Generator().manual_seed(0)))


def test_a_stage_is_a_size_of_maps_as_in_tables_18_and_21(network):
    found = plan(slimming, network, 0.5)
    shares = stage_shares(found, network, EXAMPLE)
    assert len(shares) == 3
    kept, total = sum(map(len, found.keep.values())), sum(found.total.values())
    assert min(shares) <= kept / total <= max(shares)


def test_uniform_pruning_is_even_over_the_stages():
    net = networks.build(Network("vgg", NETWORKS["vgg"]), 1, 10)
    assert stage_shares(plan(uniform, net, 0.5), net, EXAMPLE) == [0.5, 0.5, 0.5]


def test_shares_by_place_of_the_kernel():
    net = networks.build(Network("vgg", NETWORKS["vgg"]), 1, 10)
    convs = {name: m.weight for name, m in net.named_modules() if isinstance(m, torch.nn.Conv2d)}
    corner = {name: torch.zeros_like(weight, dtype=torch.bool) for name, weight in convs.items()}
    for mask in corner.values():
        mask[..., 0, 0] = True
    found = plan_of(corner)
    assert kernel_shares(found, net, EXAMPLE) == [[1.0] + [0.0] * 8] * 3
    assert stage_shares(found, net, EXAMPLE) == pytest.approx([1 / 9] * 3)


def test_shares_by_width():
    layers = {"conv1": (8, 2), "conv2": (8, 4), "conv3": (16, 16), "block.read": (16, 1)}
    keep, total = (
        dict(part)
        for part in (
            [(name, range(kept)) for name, (_, kept) in layers.items()],
            [(name, width) for name, (width, _) in layers.items()],
        )
    )
    assert width_shares(Plan(keep, total)) == [(8, 0.375), (16, 1.0)]


def test_whole_blocks_have_no_shares():
    net = networks.build(Network("preresnet", NETWORKS["preresnet"]), 1, 10)
    dropped = Plan({}, {}, drop=("blocks.1",))
    assert (stage_shares(dropped, net, EXAMPLE), kernel_shares(dropped, net, EXAMPLE)) == ([], [])

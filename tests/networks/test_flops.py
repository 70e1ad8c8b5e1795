"""FLOPs by the paper's convention, against numbers worked out by hand."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from prunebench.common.errors import PrunebenchError
from prunebench.networks import build
from prunebench.networks.flops import Cost, count, counted
from prunebench.specs.experiment import Network, options

IMAGE = torch.zeros(1, 2, 6, 6)
CASES = {  # parameters, FLOPs and multiply-accumulates of a layer on an image of 2x6x6
    "convolution": (nn.Conv2d(2, 3, 3, bias=False), 54, 2 * 54 * 16, 54 * 16),
    "its bias": (nn.Conv2d(2, 3, 3), 57, 2 * 54 * 16 + 3 * 16, 54 * 16),
    "padding and stride": (nn.Conv2d(2, 3, 3, stride=2, padding=1, bias=False), 54, 2 * 54 * 9, 54 * 9),
    "groups": (nn.Conv2d(2, 4, 1, groups=2, bias=False), 4, 2 * 4 * 36, 4 * 36),
    "linear": (nn.Sequential(nn.Flatten(), nn.Linear(72, 5)), 365, 2 * 360 + 5, 360),
    "linear without bias": (nn.Sequential(nn.Flatten(), nn.Linear(72, 5, bias=False)), 360, 720, 360),
    "batch normalisation": (nn.BatchNorm2d(2), 4, 2 * 72, 0),
    "batch normalisation of vectors": (nn.Sequential(nn.Flatten(), nn.BatchNorm1d(72)), 144, 0, 0),
    "ReLU": (nn.ReLU(), 0, 72, 0),
    "a ReLU that is called twice": (nn.Sequential(relu := nn.ReLU(), relu), 0, 144, 0),
    "max pooling": (nn.MaxPool2d(3), 0, 9 * 2 * 4, 0),
    "average pooling": (nn.AvgPool2d((2, 3)), 0, 6 * 2 * 6, 0),
    "global pooling": (nn.AdaptiveAvgPool2d(1), 0, 72, 0),
    "a global pool that changes nothing": (nn.AdaptiveAvgPool2d(6), 0, 0, 0),
    "what nobody counts": (nn.Sequential(nn.Sigmoid(), nn.Dropout()), 0, 0, 0),
}


@pytest.mark.parametrize("case", CASES)
def test_layer(case: str) -> None:
    layer, parameters, flops, macs = CASES[case]
    assert count(layer, IMAGE) == Cost(parameters, flops, macs)


def test_a_small_vgg_by_hand() -> None:
    network = build(Network("vgg", options(widths=(2, "M", 3))), channels=1, classes=4)
    first, pool, second = (2 * 9 * 2 + 3 * 2) * 64, 4 * 2 * 16, (2 * 18 * 3 + 3 * 3) * 16
    assert count(network, torch.zeros(1, 1, 8, 8)).flops == first + pool + second + 2 * 12 + 4


@pytest.mark.parametrize(
    "network",
    [
        Network("vgg", options(widths=(4, "M", 6), hidden=(5,), form="weight_level")),
        Network("preresnet", options(blocks=1, widths=(2, 3))),
        Network("densenet", options(growth=2, layers=2, bottleneck=True)),
        Network("resnet", options(blocks=1, widths=(2, 3), shortcut="projection")),
        Network("mobilenet", options(stages=((1, 4, 1, 1), (2, 6, 2, 2)), stem=4, last=8)),
        Network("torchvision", options(name="resnet34")),
    ],
    ids=lambda n: n.family,
)
def test_multiply_accumulates_are_half_of_what_torch_counts(network: Network) -> None:
    with torch.device("meta"):
        built, images = build(network, 3, 7).eval(), torch.empty(2, 3, 32, 32)
        with FlopCounterMode(display=False) as counter:
            built(images)
        assert count(built, images).macs * 2 * len(images) == counter.get_total_flops()


def test_the_readmes_densenet_100_takes_the_papers_operations() -> None:
    with torch.device("meta"):
        network = build(Network("densenet", options(growth=12, layers=32, compression=0.5)), 3, 10)
        assert round(count(network, torch.empty(1, 3, 32, 32)).flops / 1e9, 2) == 2.68  # paper protocols, Q2


def test_zeros_of_convolutions_can_be_left_out() -> None:
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(48, 5))
    with torch.no_grad():
        network[0].weight[:, 0] = 0
        network[2].weight.zero_()
    dense, masked = (count(network, IMAGE, nonzero) for nonzero in (False, True))
    assert dense.parameters - masked.parameters == 27
    assert dense.macs - masked.macs == 27 * 16
    assert dense.flops - masked.flops == 2 * 27 * 16


def test_costs_are_per_image() -> None:
    network = build(Network("densenet", options(growth=2, layers=1)), 1, 3)
    assert count(network, torch.zeros(5, 1, 8, 8)) == count(network, torch.zeros(1, 1, 8, 8))


def test_the_network_is_left_as_it_was() -> None:
    network = build(Network("preresnet", options(blocks=1, widths=(2, 3))), 1, 3).train()
    network.get_submodule("blocks.0.norm2").eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    modes = [m.training for m in network.modules()]
    count(network, torch.randn(2, 1, 8, 8))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert [m.training for m in network.modules()] == modes
    assert not any(m._forward_hooks for m in network.modules())


def test_a_failing_forward_pass_leaves_no_hooks() -> None:
    network = nn.Sequential(nn.Conv2d(3, 3, 1)).train()
    with pytest.raises(RuntimeError):
        count(network, torch.zeros(1, 2, 4, 4))
    assert network.training
    assert not any(m._forward_hooks for m in network.modules())


class Recurrent(nn.Module):
    """facebookresearch/fvcore#98, meta-pytorch/tnt#624: rows of pixels read by an LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.classifier = nn.LSTM(6, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.classifier(self.lstm(x.mean(1))[0][:, -1])
        return logits


class Einsum(nn.Module):
    """sovrasov/flops-counter.pytorch#105: the work is in a function."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4, 72))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.einsum("ni,oi->no", x.flatten(1), self.weight)


MISSED = {  # multiply-accumulates that the paper's convention does not see, by hand
    "Conv1d": (nn.Sequential(nn.Flatten(1, 2), nn.Conv1d(12, 4, 3, padding=1)), 12 * 4 * 3 * 6),
    "transposed": (nn.ConvTranspose2d(2, 3, 2, 2), 36 * 2 * 3 * 4),
    "LSTM": (Recurrent(), 6 * 4 * 5 * (6 + 5) + 15),
    "einsum": (Einsum(), 4 * 72),
}


@pytest.mark.parametrize("case", MISSED)
def test_where_the_papers_convention_misses_the_dispatcher_counts(case: str) -> None:
    network, macs = MISSED[case]
    cost = count(network, IMAGE)
    assert (cost.macs, cost.flops, cost.convention) == (macs, 2 * macs, "dispatcher")


def test_a_pair_is_counted_by_one_convention_and_never_nothing() -> None:
    dense, small = nn.Sequential(nn.Flatten(1, 2), nn.Conv1d(12, 4, 3)), nn.Sequential(nn.Flatten(), nn.Linear(72, 5))
    assert [cost.convention for cost in counted(dense, small, IMAGE)] == ["dispatcher", "dispatcher"]
    with pytest.raises(PrunebenchError, match="what the plan leaves of the network has no FLOPs"):
        counted(small, nn.Flatten(), IMAGE)

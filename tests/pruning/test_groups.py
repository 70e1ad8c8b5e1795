"""The places where channels may be removed."""

import torch
from torch import Tensor, nn

from prunebench.pruning import Plan, prunable
from prunebench.pruning.surgery import apply


def test_our_networks_offer_what_the_paper_prunes(trained, example: Tensor) -> None:
    found = {
        family: [g.name for g in prunable(trained(family), example)] for family in ("vgg", "preresnet", "densenet")
    }
    assert found["vgg"] == ["features.norm1", "features.norm2", "features.norm3", "hidden.norm1"]
    block = ["read.select", "norm2", "norm3"]
    assert found["preresnet"] == [*(f"blocks.{i}.{part}" for i in range(4) for part in block), "read.select"]
    assert found["densenet"] == [*(f"layers.{i}.read.select" for i in range(8)), "read.select"]


def test_every_batch_norm_channel_is_offered_once(trained, example: Tensor) -> None:
    for family in ("vgg", "preresnet", "densenet"):
        network = trained(family)
        groups = prunable(network, example)
        assert {g.norm for g in groups} == {
            m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)
        }
        assert all(g.norm.num_features == g.channels for g in groups)
        assert all(g.producer is None or g.producer.weight.shape[0] == g.channels for g in groups)


def test_a_selection_that_was_pruned_has_no_norm_of_its_width(trained, example: Tensor) -> None:
    small = apply(trained("densenet"), Plan({"read.select": (0, 2)}, {"read.select": 24}), example)
    last = prunable(small, example)[-1]
    assert (last.name, last.channels, last.norm) == ("read.select", 2, None)


class Odd(nn.Module):
    """A residual trunk, grouped and depthwise convolutions, a convolution without normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.inner, self.last = nn.Conv2d(1, 4, 1), nn.Conv2d(4, 6, 1), nn.Conv2d(6, 4, 1)
        self.wide, self.depthwise, self.norm = nn.Conv2d(4, 8, 1), nn.Conv2d(8, 8, 3, groups=8), nn.BatchNorm2d(8)
        self.narrow, self.grouped = nn.Conv2d(8, 6, 1), nn.Conv2d(6, 6, 1, groups=2)
        self.classifier = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = x + self.last(self.inner(x).relu())
        x = self.norm(self.depthwise(self.wide(x)))
        logits: Tensor = self.classifier(self.grouped(self.narrow(x)).mean((2, 3))).softmax(1)
        return logits


def test_what_cannot_go_alone_is_left_out(example: Tensor) -> None:
    network = Odd()
    groups = prunable(network, example)
    assert [(g.name, g.channels, g.norm) for g in groups] == [("inner", 6, None), ("wide", 8, None)]
    assert groups[0].producer is network.inner
    assert network.training
    assert torch.is_grad_enabled()

"""What a child gets of a network: every bit, every shape, and whatever else is pickled as it always is."""

import pickle

import torch
from torch import nn

from prunebench.common.transfer import packed


def test_a_network_arrives_as_it_was():
    made = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2).double())
    made.register_buffer("nothing", torch.empty(0))
    made.register_buffer("view", torch.arange(12, dtype=torch.float16).reshape(3, 4).t()[1:])
    again = pickle.loads(packed({"network": made, "ratio": 0.5}))
    assert again["ratio"] == 0.5
    for (name, ours), (other, theirs) in zip(
        made.state_dict().items(), again["network"].state_dict().items(), strict=True
    ):
        assert (name, ours.dtype, ours.stride()) == (other, theirs.dtype, theirs.stride())
        assert torch.equal(ours, theirs)
    assert isinstance(again["network"][0].weight, nn.Parameter)


def test_what_arrives_can_be_written_and_is_nobody_elses():
    made = nn.Linear(2, 2)
    again = pickle.loads(packed(made))
    with torch.no_grad():
        again.weight.zero_()
    assert made.weight.abs().sum() > 0

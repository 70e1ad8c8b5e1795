"""The memory that a training step holds, counted."""

import gc
from dataclasses import replace

import torch
from small import RECIPE, bits, images, network
from torch import nn

from prunebench.training.memory import counted, needed

FLOAT, LONG = 4, 8


def test_what_a_small_network_holds_is_what_one_adds_up_by_hand():
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 3, bias=False), nn.ReLU(), nn.Linear(3, 2, bias=False))
    data = images()
    found = counted(net, data.train[:16].clone(), data.train_labels[:16].clone())
    parameters = 64 * 3 + 3 * 2
    batch, hidden, logarithms, weight_of_the_mean = 16 * 64, 16 * 3, 16 * 2, 1
    assert found == FLOAT * (3 * parameters + batch + hidden + logarithms + weight_of_the_mean) + LONG * 16


def test_counting_changes_nothing_and_repeats():
    net, data = network(), images()
    before = bits(net)
    first = needed(net, data, RECIPE)
    assert first == needed(net, data, RECIPE) > 0
    assert all(torch.equal(before[name], tensor) for name, tensor in bits(net).items())
    assert net.training


def test_twice_the_batch_holds_twice_the_activations():
    net, data = network(), images()
    one, two, four = (needed(net, data, replace(RECIPE, batch_size=size)) for size in (8, 16, 32))
    assert abs((four - two) - 2 * (two - one)) < 100


def test_what_was_counted_is_freed():
    net, data = network(), images()

    def alive():
        gc.collect()
        return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())

    before = alive()
    needed(net, data, RECIPE)
    assert alive() == before

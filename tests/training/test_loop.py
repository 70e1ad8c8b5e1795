"""The training loop."""

import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from small import RECIPE, bits, images, network, train
from torch import nn

from prunebench.common.errors import TrainingError
from prunebench.common.randomness import rng
from prunebench.specs.experiment import Recipe
from prunebench.training.checkpoint import Partial
from prunebench.training.gradients import bn_l1
from prunebench.training.schedule import lr_at, lr_sum


def numbers(history):
    return [(e.epoch, e.lr, e.train_loss, e.train_accuracy, e.test_loss, e.test_accuracy) for e in history]


def test_it_is_the_plain_sgd_loop(tmp_path):
    """Differential: the same batches through PyTorch's own scheduler and unfused SGD."""
    ours, plain, data = network(), network(), images()
    history = train(ours, data, RECIPE, 0, Partial(tmp_path / "p"))
    optimiser = torch.optim.SGD(plain.parameters(), 0.05, momentum=0.9, weight_decay=1e-4, foreach=False)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, [2, 3], 0.1)
    for epoch in range(4):
        plain.train()
        for chosen in torch.randperm(65, generator=rng(0, "order", epoch)).split(16):
            if len(chosen) > 1:
                optimiser.zero_grad()
                nn.functional.cross_entropy(plain(data.train[chosen]), data.train_labels[chosen]).backward()
                optimiser.step()
        schedule.step()
    for name, tensor in plain.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], tensor, rtol=1e-4, atol=1e-5)
    plain.eval()
    accuracy = 100 * (plain(data.test).argmax(1) == data.test_labels).float().mean().item()
    assert history[-1].test_accuracy == pytest.approx(accuracy)


def forgetful():
    """Return a network that draws from the global generator as it trains."""
    *before, last = network()
    return nn.Sequential(*before, nn.Dropout(0.3), last)


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_training_that_was_stopped_ends_with_the_same_bits(tmp_path, stop):
    whole, halved, data = forgetful(), forgetful(), images()
    wanted = train(whole, data, RECIPE, 0, Partial(tmp_path / "whole"))

    class StopError(Exception):
        pass

    def interrupt(epoch):
        if epoch.epoch == stop:
            raise StopError

    with pytest.raises(StopError):
        train(halved, data, RECIPE, 0, Partial(tmp_path / "half", share=math.inf), report=interrupt)
    resumed = forgetful()
    torch.rand(7)
    reported = []
    found = train(resumed, data, RECIPE, 0, Partial(tmp_path / "half"), report=reported.append)
    assert len(reported) == 4 - stop
    assert numbers(found) == numbers(wanted)
    assert all(torch.equal(bits(whole)[name], tensor) for name, tensor in bits(resumed).items())


def writes(partial, saves):
    net, seen = network(), []
    optimiser = torch.optim.SGD(net.parameters())
    for _ in range(saves):
        partial.save(net, optimiser, [])
        seen.append(partial.path.stat().st_mtime_ns)
        time.sleep(0.02)
    return len(set(seen))


def test_writing_takes_no_more_than_its_share_of_the_time(tmp_path):
    assert writes(Partial(tmp_path / "p", share=1e-6), 5) == 1
    assert writes(Partial(tmp_path / "p", share=math.inf), 5) == 5
    assert Partial(tmp_path / "p").share <= 0.02


def test_a_diverging_loss_stops_the_training(tmp_path):
    with pytest.raises(TrainingError, match=r"loss became (nan|inf) in epoch \d of 4 at learning rate 1e\+30"):
        train(network(), images(), Recipe(4, lr=1e30, batch_size=16), 0, Partial(tmp_path / "p"))


def test_the_seed_gives_the_order(tmp_path):
    one, same, other = (
        numbers(train(network(), images(), RECIPE, seed, Partial(tmp_path / str(i))))
        for i, seed in enumerate((0, 0, 1))
    )
    assert one == same != other


def test_the_penalty_on_scales_is_strength_times_sign():
    net = network()
    net[1].weight.data = torch.tensor([0.5, -2.0, 0.0, 1.0])
    nn.functional.cross_entropy(net(images().train[:8]), images().train_labels[:8]).backward()
    before = net[1].weight.grad.clone()
    conv = net[0].weight.grad.clone()
    bn_l1(net, 0.25)(net)
    torch.testing.assert_close(net[1].weight.grad - before, torch.tensor([0.25, -0.25, 0.0, 0.25]))
    assert torch.equal(net[0].weight.grad, conv)


def test_the_rate_drops_at_each_milestone():
    recipe = Recipe(160, 0.1, (80, 120))
    assert [lr_at(recipe, e) for e in (0, 79, 80, 119, 120, 159)] == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
    assert lr_sum(recipe, 782) == pytest.approx(782 * (8 + 0.4 + 0.04))


KILLED = """
import math, sys, time
from pathlib import Path
sys.path.insert(0, {folder!r})
from small import RECIPE, images, network
from prunebench.training.checkpoint import Partial
from small import train
def report(epoch):
    print(epoch.epoch, flush=True)
    if epoch.epoch == 2 and {wait}:
        time.sleep(60)
net = network()
train(net, images(), RECIPE, 0, Partial(Path({partial!r}), share=math.inf), report=report)
print(sum(float(t.double().sum()) for t in net.state_dict().values()).hex())
"""


def test_kill_minus_nine_costs_at_most_the_epoch_in_work(tmp_path):
    def code(partial, wait):
        tests = str(Path(__file__).parents[1] / "support")
        return [sys.executable, "-c", KILLED.format(folder=tests, partial=str(tmp_path / partial), wait=wait)]

    process = subprocess.Popen(code("killed", True), stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "1\n"
    assert process.stdout.readline() == "2\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    resumed = subprocess.run(code("killed", False), capture_output=True, text=True, check=True).stdout.split()
    whole = subprocess.run(code("whole", False), capture_output=True, text=True, check=True).stdout.split()
    assert resumed[:-1] == ["3", "4"]
    assert resumed[-1] == whole[-1]

"""The training of detectors: it learns, is the same every time, resumes, and stops where a loss is not finite."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from prunebench.common.errors import TrainingError
from prunebench.datasets.available import describe
from prunebench.datasets.scenes import load_scenes
from prunebench.networks.detectors import faster_rcnn
from prunebench.networks.resnet import ResNet
from prunebench.protocol.tiers import SMOKE
from prunebench.specs.experiment import Recipe
from prunebench.training.checkpoint import Partial
from prunebench.training.detection import evaluate_detector, train_detector

RECIPE = Recipe(3, 0.05, batch_size=4)


@pytest.fixture(scope="module")
def scenes():
    found = load_scenes(describe("digit-scenes").spec())
    return replace(found, train=found.train[:12], test=found.test[:4])


def detector():
    torch.manual_seed(0)
    return faster_rcnn(
        ResNet(1, 10, 1, (4, 6, 8, 8)), 10, mean=(0.3,), std=(0.4,), **SMOKE.detecting.detector.as_dict()
    )


def train(scenes, tmp_path, recipe=RECIPE, seed=0, name="a", network=None):
    network = network or detector()
    history = train_detector(network, scenes, recipe, seed, Partial(tmp_path / f"{name}.safetensors"))
    return network, history


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_the_loss_falls_and_what_is_tested_is_the_precision(scenes, tmp_path):
    network, history = train(scenes, tmp_path, Recipe(6, 0.05, milestones=(4,), batch_size=4))
    assert history[-1].train_loss < 0.7 * history[0].train_loss
    assert [epoch.lr for epoch in history] == pytest.approx([0.05] * 4 + [0.005] * 2)
    assert history[-1].test_accuracy == evaluate_detector(network, scenes.test).all_points
    assert history[-1].train_accuracy is history[-1].test_loss is None


def test_a_seed_gives_the_same_bits_whatever_was_drawn_before(scenes, tmp_path):
    first, course = train(scenes, tmp_path, name="a")
    torch.rand(3)
    again, _ = train(scenes, tmp_path, name="b")
    other, another = train(scenes, tmp_path, seed=1, name="c")
    assert same(first, again)
    assert not same(first, other)
    assert course[0].train_loss != another[0].train_loss


def test_a_training_that_was_cut_off_ends_with_the_same_bits(scenes, tmp_path):
    whole, _ = train(scenes, tmp_path, name="whole")
    train(scenes, tmp_path, replace(RECIPE, stop=1), name="cut")
    resumed, history = train(scenes, tmp_path, name="cut")
    assert same(whole, resumed)
    assert [epoch.epoch for epoch in history] == [1, 2, 3]


def test_what_is_frozen_stays_and_normalisation_follows_the_scenes(scenes, tmp_path):
    before = {name: tensor.clone() for name, tensor in detector().state_dict().items()}
    after = train(scenes, tmp_path)[0].state_dict()
    changed = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    assert not {"backbone.stem.weight", "backbone.blocks.0.conv1.weight"} & changed
    assert {"backbone.blocks.1.conv1.weight", "roi_heads.box_head.blocks.3.conv2.weight"} <= changed
    assert "backbone.norm.running_mean" in changed


@pytest.mark.filterwarnings("ignore")
def test_a_rate_that_is_too_high_stops_the_training(scenes, tmp_path):
    with pytest.raises(TrainingError, match=r"the loss became (nan|inf) in epoch 1 of 3 at learning rate 1e\+20"):
        train(scenes, tmp_path, replace(RECIPE, lr=1e20))


class Recorder(nn.Module):
    """A detector that only notes what it is given."""

    def __init__(self):
        super().__init__()
        self.weight, self.seen = nn.Parameter(torch.zeros(1)), []

    def forward(self, images, targets=None):
        if targets is None:
            return [{"boxes": torch.zeros(0, 4), "labels": torch.zeros(0), "scores": torch.zeros(0)} for _ in images]
        self.seen += zip(images, targets, strict=True)
        return {"loss": self.weight.sum()}


@pytest.mark.parametrize("mirrored", [False, True])
def test_mirrored_images_and_boxes_still_fit(mirrored, scenes, tmp_path):
    network, _ = train(replace(scenes, mirrored=mirrored), tmp_path, network=Recorder())
    originals = [(image / 255, target["boxes"]) for image, target in scenes.train]
    turned = 0
    assert len(network.seen) == 3 * len(scenes.train)
    for image, target in network.seen:
        plain = next((boxes for pixels, boxes in originals if torch.equal(image, pixels)), None)
        if plain is None:
            plain = next(boxes for pixels, boxes in originals if torch.equal(image.flip(-1), pixels))
            plain = torch.stack([48 - plain[:, 2], plain[:, 1], 48 - plain[:, 0], plain[:, 3]], 1)
            turned += 1
        assert torch.equal(target["boxes"], plain)
    assert (turned > 0) == mirrored

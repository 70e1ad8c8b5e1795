"""Several trainings at once: the bits of each are those that it has by itself."""

import math
from dataclasses import replace

import pytest
import torch
from small import bits

from prunebench import networks
from prunebench.common.errors import TrainingError
from prunebench.common.randomness import rng
from prunebench.datasets.images import Images
from prunebench.networks.densenet import DenseNet
from prunebench.networks.preresnet import PreResNet
from prunebench.networks.resnet import ResNet
from prunebench.networks.vgg import VGG
from prunebench.pruning.mask import Mask
from prunebench.pruning.masking import hold
from prunebench.pruning.methods.soft_filter import SoftFilter
from prunebench.specs.experiment import Recipe
from prunebench.training.checkpoint import Partial
from prunebench.training.course import Course
from prunebench.training.engine import Engine
from prunebench.training.forms.packed import packable
from prunebench.training.gradients import bn_l1, chain
from prunebench.training.loop import finish
from prunebench.training.together import train_together

RECIPE = Recipe(3, lr=0.05, milestones=(2,), batch_size=32)
FAMILIES = {
    "vgg": lambda: VGG(1, 3, [8, 5, "M", 16, 13], hidden=[7]),
    "vgg with biases": lambda: VGG(1, 3, [8, "M", 5], form="weight_level"),
    "vgg without normalisation": lambda: VGG(1, 3, [4, "M", 8], form="plain"),
    "resnet": lambda: ResNet(1, 3, blocks=1, widths=[4, 8, 16]),
    "resnet, detached": lambda: ResNet(1, 3, blocks=1, widths=[3, 7, 8], shortcut="detached"),
    "resnet, projected": lambda: ResNet(1, 3, blocks=1, widths=[8, 12, 16], shortcut="projection"),
    "preresnet": lambda: PreResNet(1, 3, blocks=1, widths=[4, 5, 8]),
}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def images():
    pixels = torch.randn(140, 1, 8, 8, generator=rng(0, "pixels")).contiguous()
    labels = pixels.mean((1, 2, 3)).mul(12).clamp(-1, 1).round().long() + 1
    return Images(pixels[:101], labels[:101], pixels[101:], labels[101:], classes=3)


def drawn(build, seed):
    net = build()
    networks.initialise(net, rng(seed, "init"))
    return net


def course(folder, net, seed, recipe=RECIPE, hook=None, **more):
    return Course(Engine(net, recipe, hook), seed, Partial(folder / f"{seed}", share=math.inf), **more)


def outcome(of):
    told = [(e.epoch, e.lr, e.train_loss, e.train_accuracy, e.test_loss, e.test_accuracy) for e in of.history]
    return told, bits(of.engine.network)


def same(found, wanted):
    assert found[0] == wanted[0]
    assert found[1].keys() == wanted[1].keys()
    assert [name for name, tensor in wanted[1].items() if not torch.equal(found[1][name], tensor)] == []


def both(tmp_path, make):
    """Return what trainings come to one by one, and at once; `make` returns them anew, with states in a folder."""
    data, alone, packed = images(), make(tmp_path / "alone"), make(tmp_path / "packed")
    for each in alone:
        each.take_up()
        finish(each, data)
    train_together(packed, data)
    return [outcome(each) for each in alone], [outcome(each) for each in packed]


@pytest.mark.parametrize("name", FAMILIES)
def test_three_seeds_have_the_bits_of_each(tmp_path, name):
    def make(folder):
        return [course(folder, drawn(FAMILIES[name], seed), seed) for seed in range(3)]

    alone, packed = both(tmp_path, make)
    assert alone[0][0] != alone[1][0]
    for found, wanted in zip(packed, alone, strict=True):
        same(found, wanted)


def test_channels_that_were_selected_may_differ_from_seed_to_seed(tmp_path):
    def selected(seed):
        net = drawn(FAMILIES["preresnet"], seed)
        read = net.blocks[1].read
        read.select.indices = torch.randperm(16, generator=rng(seed, "kept"))[:9].sort().values
        net.blocks[1].conv1 = torch.nn.Conv2d(9, 5, 1, bias=False)
        networks.initialise(net, rng(seed, "again"))
        return net

    alone, packed = both(tmp_path, lambda folder: [course(folder, selected(seed), seed) for seed in range(3)])
    for found, wanted in zip(packed, alone, strict=True):
        same(found, wanted)


def masked(net, seed):
    kept = {
        name: torch.rand(p.shape, generator=rng(seed, name)) > 0.5 for name, p in net.named_parameters() if p.dim() == 4
    }
    with torch.no_grad():
        for name, mask in kept.items():
            net.get_parameter(name).mul_(mask)
    return hold(net, {name.removesuffix(".weight"): Mask.of(some) for name, some in kept.items()})


def test_penalties_masks_and_acts_between_steps_are_each_trainings_own(tmp_path):
    def make(folder):
        nets = [drawn(FAMILIES["resnet"], seed) for seed in range(4)]
        soft = SoftFilter(nets[2], None, 0.5)
        acting = {"after_epoch": soft.after_epoch, "every": 2}
        return [
            course(folder, nets[0], 0, hook=bn_l1(nets[0], 1e-2)),
            course(folder, nets[1], 1, hook=chain(bn_l1(nets[1], 1e-3), masked(nets[1], 1))),
            course(folder, nets[2], 2, hook=soft, **acting),
            course(folder, nets[3], 3),
        ]

    alone, packed = both(tmp_path, make)
    for found, wanted in zip(packed, alone, strict=True):
        same(found, wanted)
    assert (packed[1][1]["stem.weight"] == 0).any()
    assert (packed[2][1]["stem.weight"].flatten(1).norm(dim=1) == 0).sum() == 2


def test_rates_and_lengths_may_differ(tmp_path):
    recipes = [RECIPE, replace(RECIPE, epochs=5, lr=0.1), replace(RECIPE, epochs=1, momentum=0.0), RECIPE]

    def make(folder):
        return [course(folder, drawn(FAMILIES["vgg"], seed), seed, recipe) for seed, recipe in enumerate(recipes)]

    alone, packed = both(tmp_path, make)
    assert [len(history) for history, _ in packed] == [3, 5, 1, 3]
    for found, wanted in zip(packed, alone, strict=True):
        same(found, wanted)


@pytest.mark.parametrize("name", ["vgg", "resnet, detached"])
def test_one_that_diverges_errs_alone(tmp_path, name):
    def make(folder):
        rates = {1: 1e30}
        return [
            course(folder, drawn(FAMILIES[name], seed), seed, replace(RECIPE, lr=rates.get(seed, 0.05)))
            for seed in range(3)
        ]

    data, packed = images(), make(tmp_path / "packed")
    train_together(packed, data)
    assert isinstance(packed[1].error, TrainingError)
    assert "in epoch 1 of 3 at learning rate 1e+30" in str(packed[1].error)
    assert packed[1].history == []
    for seed in (0, 2):
        alone = make(tmp_path / "alone")[seed]
        finish(alone, data)
        same(outcome(packed[seed]), outcome(alone))


class StopError(Exception):
    pass


def test_what_was_stopped_goes_on_from_its_partial_checkpoints_whoever_is_beside_it(tmp_path):
    data = images()

    def make(folder, seeds, **more):
        return [course(folder, drawn(FAMILIES["resnet"], seed), seed, **more) for seed in seeds]

    def stop(epoch):
        if epoch.epoch == 2:
            raise StopError

    wanted = make(tmp_path / "whole", range(3))
    train_together(wanted, data)
    with pytest.raises(StopError):
        train_together(make(tmp_path / "half", range(3), report=stop), data)
    assert (tmp_path / "half" / "0").exists()
    resumed = make(tmp_path / "half", (1, 0))
    train_together(resumed, data)
    same(outcome(resumed[1]), outcome(wanted[0]))
    same(outcome(resumed[0]), outcome(wanted[1]))


def test_networks_have_memory_of_their_own_afterwards(tmp_path):
    packed = [course(tmp_path, drawn(FAMILIES["vgg"], seed), seed) for seed in range(2)]
    train_together(packed, images())
    for each in packed:
        for tensor in (*each.engine.network.parameters(), *each.engine.network.buffers()):
            assert tensor.untyped_storage().nbytes() == tensor.nbytes


@pytest.mark.parametrize(
    ("net", "fits"),
    [
        (lambda: VGG(1, 3, [8, "M", 5]), True),
        (lambda: ResNet(3, 10, blocks=1), True),
        (lambda: VGG(1, 3, [8, "M", 1]), False),
        (lambda: VGG(3, 10, [64, 128]), False),
        (lambda: VGG(1, 3, [8, "M", 5], side=2), False),
        (lambda: DenseNet(1, 3, growth=4, layers=1), False),
        (lambda: torch.nn.Sequential(VGG(1, 3, [8, "M", 5]), torch.nn.Dropout()), False),
    ],
    ids=["vgg", "resnet", "one channel", "wide", "hidden of a map", "densenet", "dropout"],
)
def test_only_what_gains_by_it_and_is_known_is_packed(net, fits):
    assert packable(net()) is fits

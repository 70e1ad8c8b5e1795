"""Tiers: which there are, what stands for what in them, and the schedules of the larger ones."""

from dataclasses import replace

import pytest

from prunebench.commands.paper import recipes
from prunebench.common.errors import DatasetError, PrunebenchError, UnknownNameError
from prunebench.datasets.available import describe
from prunebench.protocol import tables, tiers
from prunebench.protocol.assignment import job
from prunebench.specs.architectures import paper_network, project_of
from prunebench.training.schedule import lr_sum

ROWS = tables.load().rows
OWN = {"CIFAR-10": describe("cifar10-jpeg75"), "CIFAR-100": describe("cifar100"), "ImageNet": describe("imagenet")}
QUICK, PAPER = (replace(tier, substitutes=OWN) for tier in (tiers.QUICK, tiers.PAPER))


def test_a_tier_by_its_name():
    assert tiers.choose("laptop") == (tiers.LAPTOP, "as asked")
    with pytest.raises(UnknownNameError, match="did you mean smoke"):
        tiers.choose("smok")


def test_a_tier_with_other_datasets_has_a_name_of_its_own():
    jpeg, mnist = describe("cifar10-jpeg75"), describe("mnist")
    other = tiers.SMOKE.with_datasets({"ImageNet": mnist, "CIFAR-10": jpeg})
    assert other.name == "smoke-with-cifar10-as-cifar10-jpeg75-imagenet-as-mnist"
    assert (other.description("CIFAR-10"), other.description("CIFAR-100").name) == (jpeg, "digits")
    assert tiers.base(other.name) == tiers.base("smoke") == "smoke"


def test_what_stands_for_all_datasets_can_be_replaced():
    mine = replace(describe("mnist"), name="mine")
    other = tiers.LAPTOP.with_datasets({"mnist": mine})
    assert other.name == "laptop-with-mnist-as-mine"
    assert other.description("CIFAR-10") == other.description("ImageNet") == replace(mine, size=14)
    odd = tiers.LAPTOP.with_datasets({"mnist": replace(mine, size=32)})
    assert odd.description("CIFAR-10").size == 32


@pytest.mark.parametrize(("cuda", "name"), [(False, "smoke"), (True, "quick")])
def test_auto_is_quick_where_a_gpu_and_a_dataset_are(cuda, name):
    assert tiers.choose("auto", cuda)[0].name == name


@pytest.mark.parametrize("tier", [tiers.SMOKE, QUICK, PAPER], ids=lambda tier: tier.name)
def test_every_row_has_a_network_and_a_recipe(tier):
    left_out = [name for name, row in ROWS.items() if not tier.has(row)]
    assert left_out == ([] if tier.detecting else ["t12.voc07.resnet34-a", "t12.voc07.resnet34-b"])
    assert all(tier.network(tier.stand_in(row)) for row in ROWS.values() if tier.has(row))


def test_the_same_name_means_the_network_of_its_sub_project():
    """protocols Q7: three CIFAR VGGs, and ResNet-50 of the lottery tickets is no bottleneck network."""
    used = {name: job(ROWS[name], QUICK).network for name in ("t1.cifar10.vgg-16-a", "t8a.cifar10.vgg-16.20")}
    forms = [network.options.as_dict().get("form") for network in used.values()]
    assert forms == [None, "weight_level"]
    assert job(ROWS["t8a.cifar10.resnet-50.20"], QUICK).network.family == "resnet"
    assert job(ROWS["t6.imagenet.resnet-50.30"], QUICK).network.family == "torchvision"


def test_quick_is_an_eighth_of_the_paper_with_a_penalty_that_does_as_much():
    row = ROWS["t4.cifar10.vgg-19.70"]
    quick, paper = job(row, QUICK), job(row, PAPER)
    assert (paper.recipes.dense.epochs, paper.recipes.dense.milestones) == (160, (80, 120))
    assert (quick.recipes.dense.epochs, quick.recipes.dense.milestones) == (20, (10, 15))
    assert (quick.recipes.finetune.epochs, quick.recipes.finetune.lr) == (5, 0.001)
    moved = [work.regulariser.strength * lr_sum(work.recipes.dense, 782) for work in (quick, paper)]
    assert moved[0] == pytest.approx(moved[1], rel=0.01)
    assert paper.regulariser.strength == pytest.approx(1e-4)


def test_the_paper_tier_trains_what_its_preview_shows():
    for row in filter(PAPER.has, ROWS.values()):
        work = job(row, PAPER)
        assert work.network == paper_network(row.dataset, project_of(row.method), row.network), row.id
        assert work.recipes == recipes(row), row.id


def test_scratch_b_is_capped_on_imagenet_as_in_the_paper():
    assert [job(ROWS[name], PAPER).recipes.cap for name in ("t1.imagenet.resnet-34-a", "t1.cifar10.vgg-16-a")] == [
        2,
        None,
    ]


def test_a_dataset_that_is_not_here_is_said_with_what_gets_it():
    with pytest.raises(DatasetError, match=r"'quick' trains on CIFAR-10 itself(.|\n)*prunebench data add cifar10"):
        tiers.QUICK.description("CIFAR-10")


def test_what_a_tier_cannot_do_is_said():
    with pytest.raises(PrunebenchError, match=r"'laptop' does not run Table 12 \(t12.voc07.resnet34-a\)"):
        job(ROWS["t12.voc07.resnet34-a"], tiers.LAPTOP).pruning(0)
    with pytest.raises(PrunebenchError, match="no two datasets that share no class"):
        tiers.LAPTOP.half(0)


def test_laptop_shows_mnist_at_a_quarter_of_its_pixels():
    found = job(ROWS["t4.cifar10.vgg-19.70"], tiers.LAPTOP).dataset
    assert (found.name, found.size, found.digest) == ("mnist", 14, describe("mnist").digest)
    assert found.spec().options.as_dict()["size"] == 14

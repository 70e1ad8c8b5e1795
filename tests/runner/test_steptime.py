"""Catalogued step times: what was measured is given as it is, and the rule for the rest is near it."""

from dataclasses import replace

import pytest

from prunebench.protocol import tables, tiers
from prunebench.protocol.assignment import job
from prunebench.runner.steptime import MEASURED, Catalogued, by_rule, step_time
from prunebench.specs.architectures import paper_network
from prunebench.specs.experiment import Network

CASES = [(precision, *name, ms) for precision, own in MEASURED.items() for name, ms in own.items()]


@pytest.mark.parametrize(("precision", "project", "name", "ms"), CASES)
def test_the_rule_is_near_what_was_measured(precision, project, name, ms):
    network = paper_network("CIFAR-10", project, name)
    assert step_time(network, 3, 32, precision, 64) == ms
    near = (0.35, 0.55) if name == "DenseNet-40" else (0.9, 1.1)
    assert near[0] * ms < by_rule(network, 3, 32, precision, 64) < near[1] * ms


def test_larger_images_and_batches_take_longer():
    network = paper_network("CIFAR-10", "l1", "VGG-16")
    steps = [step_time(network, 3, *how) for how in ((32, "bf16", 64), (32, "bf16", 128), (64, "float32", 128))]
    assert steps == sorted(steps)


def test_a_network_of_a_users_file_is_not_built_for_it():
    assert by_rule(Network("mine", source="f" * 64), 3, 32, "float32", 64) > 1


def test_a_training_takes_its_steps_and_tests_of_a_dataset_that_is_not_here(tmp_path):
    work = job(tables.load().row("t1.cifar10.vgg-16-a"), tiers.PAPER.imagined())
    spec, clock = work.dense(0), Catalogued(tmp_path)
    step, recipe = step_time(spec.network, 3, 32, "float32", 64) / 1000, spec.recipe
    assert clock.seconds(spec) == pytest.approx(recipe.epochs * step * (50_000 + 10_000 / 3) / recipe.batch_size)
    half = replace(spec, recipe=replace(recipe, stop=recipe.epochs // 2))
    assert clock.seconds(half) == pytest.approx(clock.seconds(spec) / 2)
    assert clock.seconds(work.pruning(0)) == pytest.approx(clock.seconds(spec) / recipe.epochs)

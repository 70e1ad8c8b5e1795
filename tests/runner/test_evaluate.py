"""What specs mean, for every kind of plan."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from tiny import TINY

from prunebench import tables
from prunebench.arms import Job, job
from prunebench.experiment import Method, Regulariser
from prunebench.observation import specs
from prunebench.pruning.plan import Plan
from prunebench.runner.evaluate import starting_network, trained_network
from prunebench.runner.local import Piece, Runner
from prunebench.runner.progress import Progress
from prunebench.store import Store

ROW = tables.load().row("t4.imagenet.vgg-11.50")
ARMS = ("finetune", "scratch_e", "scratch_b")


@pytest.fixture
def runner(tmp_path):
    store = Store(tmp_path / "data", tmp_path / "work")
    store.prepare()
    return Runner(store, Progress(tmp_path / "progress", "main"))


def trained(runner, work: Job, arms=ARMS):
    def pieces():
        return [Piece(spec, "VGG", arm, 0) for arm, spec in specs(work, 0, arms, runner.store).items()]

    runner.run(pieces)
    return {piece.arm: (piece.spec, runner.store.get(piece.spec)) for piece in pieces()}


def weights(outcome):
    return load_file(outcome.folder / "weights.safetensors")


def test_a_structured_row(runner):
    found = trained(runner, job(ROW, TINY))
    shapes = {arm: {n: t.shape for n, t in weights(found[arm][1]).items()} for arm in ARMS}
    assert shapes["finetune"] == shapes["scratch_e"] == shapes["scratch_b"] != weights(found["dense"][1])
    inherited, fresh = (starting_network(found[arm][0], runner.store).state_dict() for arm in ("finetune", "scratch_e"))
    assert not torch.equal(inherited["features.conv1.weight"], fresh["features.conv1.weight"])
    assert found["scratch_b"][1].facts["epochs"] == min(4, int(2 * flops(found["dense"]) / flops(found["scratch_b"])))
    assert flops(found["pruned"]) == flops(found["finetune"]) < flops(found["dense"])


def flops(pair):
    return pair[1].facts["flops"]


def test_the_two_networks_of_a_seed_differ_in_the_penalty_alone(runner):
    work = job(ROW, TINY)
    assert replace(work.trunk(0), regulariser=None) == work.dense(0)


def test_masks_stay_zero_through_every_arm(runner):
    found = trained(runner, Job(replace(ROW, method="magnitude"), TINY, Method("magnitude")))
    plan = Plan.from_json(found["pruned"][1].json("plan.json"))
    assert plan.masks
    for arm in ARMS:
        tensors = weights(found[arm][1])
        for name, mask in plan.masks.items():
            kept = tensors[f"{name}.weight"] != 0
            assert not (kept & ~mask.tensor()).any()
            assert kept.any()
    assert flops(found["finetune"]) < flops(found["dense"])


def test_fitted_weights_are_what_fine_tuning_starts_from(runner):
    found = trained(runner, Job(replace(ROW, method="regression"), TINY, Method("regression")), arms=("finetune",))
    fitted, start = weights(found["pruned"][1]), starting_network(found["finetune"][0], runner.store).state_dict()
    assert all(torch.equal(fitted[name], tensor) for name, tensor in start.items())


def test_a_method_that_acts_during_training(runner):
    penalty = Regulariser("group_lasso", 0.01)
    found = trained(runner, Job(replace(ROW, method="l1"), TINY, Method("l1"), penalty), arms=("finetune",))
    assert not torch.equal(*(weights(found[arm][1])["features.conv1.weight"] for arm in ("dense", "sparse")))


def test_a_stored_network_is_the_one_that_was_measured(runner):
    from prunebench.runner.evaluate import load_images
    from prunebench.training.loop import evaluate

    spec, outcome = trained(runner, job(ROW, TINY), arms=("finetune",))["finetune"]
    images = load_images(spec.dataset)
    accuracy = evaluate(trained_network(spec, runner.store), images.test, images.test_labels)[1]
    assert accuracy == pytest.approx(outcome.facts["accuracy"])

"""What specs mean, for every kind of plan."""

from dataclasses import replace

import pytest
import torch
from tiny import TINY

from prunebench.judging.observation import observe, specs
from prunebench.protocol import tables
from prunebench.protocol.assignment import job
from prunebench.protocol.jobs import Job
from prunebench.pruning.plan import Plan
from prunebench.runner.local import Runner
from prunebench.runner.progress import Progress, Reader
from prunebench.runner.trained import starting_network, trained_network, weights_in
from prunebench.runner.workshop import Piece
from prunebench.specs.experiment import Method, Network, Regulariser, options
from prunebench.store.store import Store

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


def test_what_was_trained_and_what_was_found_is_counted(runner, tmp_path):
    trained(runner, job(ROW, TINY), arms=("finetune",))
    assert Reader(tmp_path / "progress").summary() == "4 trained, 0 from the store"
    trained(Runner(runner.store, runner.progress), job(ROW, TINY))
    assert Reader(tmp_path / "progress").summary() == "6 trained, 4 from the store"


def weights(outcome):
    return weights_in(outcome)


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


def test_a_training_tells_what_it_cost(runner):
    facts = {arm: outcome.facts for arm, (_, outcome) in trained(runner, job(ROW, TINY), arms=("finetune",)).items()}
    assert 0 < facts["finetune"]["memory"] < facts["dense"]["memory"]
    assert facts["dense"]["images_per_second"] > 0
    assert facts["dense"]["hardware"].endswith(", 1 thread")


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
    from prunebench.runner.trained import load_images
    from prunebench.training.loop import evaluate

    spec, outcome = trained(runner, job(ROW, TINY), arms=("finetune",))["finetune"]
    images = load_images(spec.dataset, runner.store.data)
    accuracy = evaluate(trained_network(spec, runner.store), images.test, images.test_labels)[1]
    assert accuracy == pytest.approx(outcome.facts["accuracy"])


MASKED = replace(ROW, method="magnitude", ratio=0.6)


def test_tickets_and_rewinding_start_from_the_trunks_own_past(runner):
    found = trained(runner, job(MASKED, TINY), arms=("winning_ticket", "weight_rewind", "lr_rewind"))
    start = {
        arm: starting_network(spec, runner.store).state_dict() for arm, (spec, _) in found.items() if arm != "pruned"
    }
    early = trained_network(found["weight_rewind"][0].start.rewound, runner.store).state_dict()
    masks = Plan.from_json(found["pruned"][1].json("plan.json")).masks
    past = {"winning_ticket": start["dense"], "weight_rewind": early, "lr_rewind": weights(found["dense"][1])}
    for arm, dense in past.items():
        for name, tensor in dense.items():
            mask = masks.get(name.removesuffix(".weight"))
            assert torch.equal(start[arm][name], tensor if mask is None else tensor * mask.tensor())
    assert not torch.equal(early["classifier.weight"], start["dense"]["classifier.weight"])
    assert [found[arm][1].facts["epochs"] for arm in past] == [2, 1, 2]


def test_a_winning_ticket_of_a_structured_plan_is_cut_out_of_the_dense_initial_network(runner):
    found = trained(runner, job(ROW, TINY), arms=("winning_ticket",))
    keep = Plan.from_json(found["pruned"][1].json("plan.json")).keep["features.norm1"]
    ticket, dense = (starting_network(found[arm][0], runner.store).state_dict() for arm in ("winning_ticket", "dense"))
    assert torch.equal(ticket["features.conv1.weight"], dense["features.conv1.weight"][list(keep)])


def test_an_early_epoch_is_the_trunk_on_its_way(runner):
    found = trained(runner, job(MASKED, TINY), arms=("weight_rewind",))
    early = runner.store.get(found["weight_rewind"][0].start.rewound)
    (first, *_), (only,) = (
        found_in.read("history.csv").decode().splitlines()[1:] for found_in in (found["dense"][1], early)
    )
    assert first.rsplit(",", 1)[0] == only.rsplit(",", 1)[0]  # all but the seconds


def test_random_tickets_differ_in_scale_where_weights_are_masked(runner):
    tier = replace(TINY, networks={"VGG-11": Network("vgg", options(widths=[16, 32]))})
    found = trained(runner, job(MASKED, tier), arms=("random_ticket", "random_ticket_unscaled"))
    masks = Plan.from_json(found["pruned"][1].json("plan.json")).masks
    mask = masks["features.conv2"]
    drawn = [
        starting_network(found[arm][0], runner.store).get_parameter("features.conv2.weight")[mask.tensor()].std().item()
        for arm in ("random_ticket", "random_ticket_unscaled")
    ]
    assert drawn == pytest.approx([(2 / (mask.kept / 16)) ** 0.5, (2 / (9 * 32)) ** 0.5], rel=0.1)


def test_what_is_not_retrained_is_the_pruned_network(runner):
    work = Job(replace(ROW, method="soft_filter"), TINY, Method("soft_filter"), Regulariser("soft_filter", 0.5))
    found = trained(runner, work, arms=("soft_pruned",))
    pruned, arm = (found[name][1].facts for name in ("pruned", "soft_pruned"))
    assert arm["accuracy"] == arm["best_accuracy"] == pruned["accuracy"] == found["sparse"][1].facts["accuracy"]
    record = observe(work, [0], ["soft_pruned"], runner.store)
    assert (record.arms["soft_pruned"].epochs, record.arms["soft_pruned"].curves) == ([0], [])
    assert record.arms["soft_pruned"].budget == "no retraining"


@pytest.mark.parametrize("method", ["group_norm", "group_lasso", "growing"])
def test_penalties_on_groups_act_on_the_network_that_is_pruned(method, runner):
    found = trained(runner, job(replace(ROW, method=method), TINY), arms=("finetune",))
    assert found["sparse"][0].regulariser.name == method
    with_it, without = (weights(found[name][1])["features.conv2.weight"] for name in ("sparse", "dense"))
    assert with_it.norm() < without.norm()
    assert flops(found["pruned"]) < flops(found["dense"])


@pytest.mark.parametrize("method", ["snip", "grasp", "synflow"])
def test_pruning_at_initialisation(method, runner):
    found = trained(runner, job(replace(MASKED, method=method), TINY), arms=("winning_ticket", "scratch_e"))
    trunk = found["pruned"][0].trained
    assert runner.store.get(trunk).facts["epochs"] == 0
    initial, ticket = (starting_network(found[arm][0], runner.store) for arm in ("dense", "winning_ticket"))
    untrained = weights(runner.store.get(trunk))
    assert all(torch.equal(untrained[name], tensor) for name, tensor in initial.state_dict().items())
    assert (ticket.get_parameter("features.conv1.weight") == 0).any()
    assert found["winning_ticket"][1].facts["epochs"] == 2

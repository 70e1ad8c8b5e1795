"""What the arms are, as specs: recipes, epochs, what they start from, and the trunk that they share."""

from dataclasses import replace

import pytest
import torch
from tiny import TINY

from prunebench.common.errors import UnknownNameError
from prunebench.datasets.available import describe
from prunebench.networks import build
from prunebench.networks.flops import count
from prunebench.protocol import tables
from prunebench.protocol.arms import ARMS, BASELINE_ARMS
from prunebench.protocol.assignment import job
from prunebench.protocol.jobs import Job
from prunebench.protocol.recipes import Recipes
from prunebench.protocol.tiers import SMOKE
from prunebench.runner.local import inputs, name_of
from prunebench.specs.budget import early, resumed
from prunebench.specs.experiment import Method, Pruning, Recipe, Regulariser, digest
from prunebench.training.schedule import lr_at

CIFAR = Recipe(160, 0.1, (80, 120))
TIER = replace(TINY, recipes={"*": Recipes(CIFAR, Recipe(40, 0.001), sparsity=0.66)})
CAPPED = replace(TINY, recipes={"*": Recipes(Recipe(90, 0.1, (30, 60)), Recipe(20, 0.001), sparsity=0.66, cap=2.0)})
ROW = tables.load().row("t4.cifar10.vgg-19.70")
FACTS = {"flops": 40, "dense": {"flops": 100}, "widths": [[8, 1.0], [16, 0.5], [32, 0.5], [64, 0.25]]}


def work(method="magnitude", tier=TIER) -> Job:
    return job(replace(ROW, method=method), tier)


def epochs(arm, tier=TIER):
    return work(tier=tier).arm(arm, 0, FACTS).recipe.epochs


@pytest.mark.parametrize(
    ("arm", "cifar", "imagenet"),
    [
        ("finetune", 40, 20),
        ("scratch_e", 160, 90),
        ("scratch_b", 400, 180),
        ("scratch_b_plus", 440, 200),
        ("lr_rewind", 160, 90),
        ("weight_rewind", 156, 88),
        ("winning_ticket", 160, 90),
        ("random_ticket", 160, 90),
        ("random_ticket_unscaled", 160, 90),
    ],
)
def test_epochs_of_every_arm_at_four_tenths_of_the_flops(arm, cifar, imagenet):
    assert (epochs(arm), epochs(arm, CAPPED)) == (cifar, imagenet)


def test_the_network_that_is_not_retrained_gets_no_epoch():
    assert work().arm("soft_pruned", 0, FACTS).recipe.trained == 0


def test_budgets_are_named_with_the_cap_of_the_tier():
    assert [work().budget(arm) for arm in ("scratch_b", "scratch_b_plus")] == ["flops", "flops+finetune"]
    capped = [work(tier=CAPPED).budget(arm) for arm in ("scratch_b", "scratch_b_plus")]
    assert capped == ["flops capped at 2x", "flops capped at 2x+finetune"]
    assert work(tier=CAPPED).budget("lr_rewind") == "epochs of the dense training"


@pytest.mark.parametrize("arm", [arm for arm in ARMS if arm not in BASELINE_ARMS and not ARMS[arm].widened])
def test_arms_share_the_trunk_and_train_without_its_penalty(arm):
    spec = work("slimming").arm(arm, 3, FACTS)
    assert spec.start.pruning == work("slimming").pruning(3)
    assert spec.regulariser is None


def test_lr_rewinding_is_fine_tuning_by_the_dense_schedule():
    spec = work().arm("lr_rewind", 0, FACTS)
    assert (spec.recipe, spec.start.weights, spec.start.rewound) == (CIFAR, "inherited", None)


@pytest.mark.parametrize("method", ["magnitude", "slimming"])
def test_a_winning_ticket_takes_the_trunk_before_its_first_epoch(method):
    spec = work(method).arm("winning_ticket", 0, FACTS)
    trunk = work(method).trunk(0)
    assert spec.start.rewound == replace(trunk, recipe=replace(CIFAR, stop=0))
    assert spec.recipe == CIFAR


def test_weight_rewinding_takes_an_early_epoch_and_goes_on_from_there():
    spec = work("slimming").arm("weight_rewind", 0, FACTS)
    assert spec.start.rewound == replace(work("slimming").trunk(0), recipe=replace(CIFAR, stop=4))
    assert [lr_at(spec.recipe, epoch) for epoch in range(156)] == [lr_at(CIFAR, epoch) for epoch in range(4, 160)]
    assert inputs(spec) == [spec.start.pruning, spec.start.rewound]
    assert name_of(spec.start.rewound) == "early"


def test_an_early_epoch_is_the_first_at_least():
    assert [early(Recipe(n), 0.02) for n in (1, 20, 50, 90, 160)] == [1, 1, 1, 2, 4]
    assert early(CIFAR, 0) == 0
    assert resumed(CIFAR, 0) == CIFAR


def test_the_rescaled_random_ticket_is_scratch_e():
    specs = {arm: work().arm(arm, 0, FACTS) for arm in ("scratch_e", "random_ticket", "random_ticket_unscaled")}
    assert digest(specs["random_ticket"]) == digest(specs["scratch_e"]) != digest(specs["random_ticket_unscaled"])


def test_new_fields_are_left_out_of_digests_at_their_default():
    spec = work().arm("finetune", 0, FACTS)
    assert digest(replace(spec, recipe=replace(spec.recipe, stop=None))) == digest(spec)
    assert digest(replace(spec, recipe=replace(spec.recipe, stop=0))) != digest(spec)


@pytest.mark.parametrize("method", ["snip", "grasp", "synflow"])
def test_methods_at_initialisation_prune_an_untrained_trunk(method):
    assert work(method).trunk(0) == replace(work().dense(0), recipe=replace(CIFAR, stop=0))
    assert work(method).dense(0) == work().dense(0)


def test_methods_that_act_during_training_bring_their_regulariser():
    slimming = work("slimming").regulariser
    assert slimming == TIER.recipes["*"].bn_l1(work().dataset.train)
    for name, times in {"sss": 300, "group_lasso": 1, "group_norm": 0.3, "growing": 0.1}.items():
        assert work(name).regulariser == Regulariser(name, times * slimming.strength)
    steps = TIER.recipes["*"].dense.epochs * -(-work().dataset.train // TIER.recipes["*"].dense.batch_size)
    assert work("soft_filter").regulariser == Regulariser("soft_filter", ROW.ratio, every=max(1, round(steps / 200)))
    assert work("l1").regulariser is None


def test_a_method_that_does_not_exist_is_named_with_its_near_matches():
    with pytest.raises(UnknownNameError, match="unknown method 'magnitud': did you mean magnitude"):
        work("magnitud")


def test_baselines_prune_the_dense_network_to_the_flops_of_the_row():
    spec = work("slimming").arm("uniform_scratch_b", 3, FACTS)
    assert spec.start.pruning == Pruning(work().dense(3), Method("uniform"), 0.6, "flops")
    assert spec.recipe == work("slimming").arm("scratch_b", 3, FACTS).recipe
    other = work("slimming").arm("l1_finetune", 3, {**FACTS, "flops": 40.4})
    assert other.start.pruning == Pruning(work().dense(3), Method("magnitude_l1"), 0.6, "flops")


def test_rows_that_ask_for_a_share_of_the_flops_share_their_baselines():
    asked = replace(work("slimming"), of="flops")
    assert asked.pruning(0).of == "flops"
    assert asked.arm("random_finetune", 0, FACTS).start.pruning.ratio == ROW.ratio


def test_a_wider_network_has_the_flops_it_is_asked_for_and_the_pattern():
    row = replace(ROW, network="VGG-16", method="slimming", variant="", ratio=0.5)
    even, patterned = (job(row, SMOKE).arm(arm, 0, FACTS).network for arm in ("widened_x2", "patterned_x2"))
    dense, data = SMOKE.network("VGG-16"), describe("digits")
    flops = [
        count(build(network, 1, 10), torch.zeros(1, 1, data.size, data.size)).flops
        for network in (dense, even, patterned)
    ]
    assert 1.8 * flops[0] < flops[1] <= 2 * flops[0]
    assert 1.8 * flops[0] < flops[2] <= 2 * flops[0]
    wide, narrow = (network.options.as_dict()["widths"] for network in (patterned, even))
    assert wide[0] > narrow[0], "the pattern keeps all of the first stage"
    assert wide[-1] < narrow[-1], "and a quarter of the last"


def test_masks_are_compared_with_masks():
    masked = {**FACTS, "kernels": [[0.4] * 9]}
    arms = ("uniform_scratch_b", "l1_finetune", "random_finetune")
    methods = [work().arm(arm, 0, masked).start.pruning.method.name for arm in arms]
    assert methods == ["uniform_sparse", "magnitude", "uniform_sparse"]


def test_faster_fine_tuning_ends_at_the_lowest_rate_and_starts_no_faster_than_the_dense_training():
    rates = {arm: work().arm(arm, 0, FACTS).recipe for arm in ("finetune_x10", "finetune_x100")}
    assert [lr_at(rates["finetune_x10"], epoch) for epoch in (0, 19, 20, 39)] == pytest.approx([0.01, 0.01, 1e-3, 1e-3])
    assert [lr_at(rates["finetune_x100"], epoch) for epoch in (0, 19, 20, 30)] == pytest.approx([0.1, 0.1, 0.01, 1e-3])
    one_drop = job(replace(ROW, method="magnitude"), SMOKE)
    assert one_drop.arm("finetune_x100", 0, FACTS) == one_drop.arm("finetune_x10", 0, FACTS)

"""The registry's methods, each on the families that it can prune."""

import json
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from prunebench.networks import build
from prunebench.pruning import Context, Plan, PlanError, prunable
from prunebench.pruning.decision import decide
from prunebench.pruning.methods import guided, guided_sparse
from prunebench.pruning.registry import MethodError, methods, resolve
from prunebench.pruning.surgery import apply
from prunebench.specs.experiment import Method, Network, options

SAME_SHARE = ("l1", "random", "uniform", "magnitude_l1", "magnitude_l2", "lamp", "fpgm", "taylor", "hessian")
SAME_SHARE += ("obdc", "hrank", "thinet", "regression", "bn_scale", "group_norm", "group_lasso", "growing")
WEIGHTS = ("magnitude", "lottery", "snip", "grasp", "synflow")
DRAWN = ("uniform_sparse", "guided_sparse")
ALL = {
    *SAME_SHARE,
    *WEIGHTS,
    *DRAWN,
    "shuffled",
    "transferred_sparse",
    "slimming",
    "guided",
    "transferred",
    "soft_filter",
    "sss",
}
PATTERN = {"transferred": options(pattern=(0.5, 0.25, 0.75, 0.5))}


def seeded(context: Context, seed: int = 0) -> Context:
    return replace(context, generator=torch.Generator().manual_seed(seed))


def plan_of(name: str, network: nn.Module, context: Context, ratio: float = 0.5) -> Plan:
    prune = resolve(Method(name, PATTERN.get(name, options())))
    if name == "transferred_sparse":
        prune = partial(prune, pattern=guided_sparse.pattern(network, ratio, seeded(context)))
    return decide(prune, network, ratio, seeded(context), context.example).plan


def test_each_method_says_in_a_line_what_it_does() -> None:
    assert set(methods()) == ALL
    assert all(20 < len(line) < 120 and line.endswith(").") for name, line in methods().items() if name != "random")


def test_the_sixteen_methods_of_pruningbench_are_there() -> None:
    sixteen = {*SAME_SHARE, "slimming"} - {"l1", "uniform"}
    assert len(sixteen) == 16
    assert sixteen <= set(methods())


@pytest.mark.parametrize("name", sorted(ALL - {"sss"}))
def test_plans_fit_survive_json_and_come_out_the_same(name: str, trained, context: Context) -> None:
    plan = plan_of(name, trained("vgg"), context)
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan == plan_of(name, trained("vgg"), context)
    assert bool(plan.masks) != bool(plan.keep)
    assert not plan.masks or sum(m.kept for m in plan.masks.values()) < sum(m.size for m in plan.masks.values())
    assert not plan.keep or sum(map(len, plan.keep.values())) < sum(plan.total.values())


@pytest.mark.parametrize("family", ["preresnet", "densenet"])
@pytest.mark.parametrize("name", sorted(ALL - {"sss", "transferred", "l1", "bn_scale", "obdc"}))
def test_they_prune_networks_with_selections_too(name: str, family: str, trained, context: Context) -> None:
    plan = plan_of(name, trained(family), context)
    assert sum(map(len, plan.keep.values())) < sum(plan.total.values()) or plan.masks


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.62])
@pytest.mark.parametrize("name", SAME_SHARE)
def test_every_layer_loses_the_share_to_within_a_channel(name: str, ratio: float, trained, context: Context) -> None:
    plan = plan_of(name, trained("vgg"), context, ratio)
    for layer, kept in plan.keep.items():
        assert len(kept) == max(1, int(plan.total[layer] * (1 - ratio)))


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.62])
@pytest.mark.parametrize("name", WEIGHTS)
def test_masks_lose_the_share_and_the_threshold(name: str, ratio: float, trained, context: Context) -> None:
    plan = plan_of(name, trained("vgg"), context, ratio)
    total = sum(mask.size for mask in plan.masks.values())
    assert total - sum(mask.kept for mask in plan.masks.values()) == (int(total * ratio) + 1 if ratio else 0)


def test_slimming_removes_the_smallest_scales_anywhere(trained, context: Context) -> None:
    network = trained("densenet")
    small = {"layers.0.read.select": [1], "layers.3.read.select": [0, 5], "read.select": [2]}
    for group in prunable(network, context.example):
        with torch.no_grad():
            group.norm.weight.fill_(-1)
            group.norm.weight[small.get(group.name, [])] = torch.linspace(0.1, 0.2, len(small.get(group.name, [])))
    total = sum(g.channels for g in prunable(network, context.example))
    plan = resolve(Method("slimming"))(network, 3.5 / total, context)
    assert {name: plan.removed(name) for name in plan.keep if plan.removed(name)} == small


def test_uniform_takes_the_same_share_by_scale(trained, context: Context) -> None:
    network = trained("vgg")
    plan = resolve(Method("uniform"))(network, 0.5, context)
    assert [len(kept) for kept in plan.keep.values()] == [2, 3, 2, 3]
    best = network.get_parameter("features.norm1.weight").topk(2).indices.sort().values
    assert plan.keep["features.norm1"] == tuple(best.tolist())


def test_l1_keeps_the_filters_with_the_largest_sum(trained, context: Context) -> None:
    network = trained("vgg")
    with torch.no_grad():
        network.get_parameter("features.conv1.weight").copy_(torch.tensor([3.0, -4, 1, 2]).reshape(4, 1, 1, 1))
    assert resolve(Method("l1"))(network, 0.5, context).keep["features.norm1"] == (0, 1)


def test_random_depends_on_the_generator_alone(trained, example: Tensor) -> None:
    def plan(network: nn.Module, seed: int):
        return resolve(Method("random"))(
            network, 0.5, Context(example, example, example, torch.Generator().manual_seed(seed))
        )

    assert plan(trained("vgg", 0), 1) == plan(trained("vgg", 9), 1) != plan(trained("vgg", 0), 2)


def test_hrank_keeps_the_maps_of_full_rank(trained, context: Context) -> None:
    network = trained("vgg").eval()
    with torch.no_grad():
        network.get_parameter("features.conv1.weight")[1:3] = 0  # constant maps: rank 1
    assert resolve(Method("hrank"))(network, 0.5, context).keep["features.norm1"] == (0, 3)


def test_a_network_without_filters_to_prune(trained, context: Context) -> None:
    with pytest.raises(PlanError, match="no scores: the method found no layer of this network that it can prune"):
        resolve(Method("l1"))(trained("densenet"), 0.5, context)


def staged(kept: dict[str, int], widths=(8, 8, "M", 8, 8)) -> nn.Module:
    """Return a VGG of two stages whose scales let a layer keep so many channels under slimming at 0.5."""
    network = build(Network("vgg", options(widths=widths)), 1, 3)
    for name, count in kept.items():
        network.get_parameter(f"features.{name}.weight").data = torch.where(torch.arange(8) < count, 2.0, 0.1)
    return network


def test_guided_gives_every_layer_of_a_stage_its_average(context: Context) -> None:
    network = staged({"norm1": 8, "norm2": 4, "norm3": 1, "norm4": 3})
    plan = resolve(Method("guided"))(network, 0.4, context)
    assert [len(kept) for kept in plan.keep.values()] == [6, 6, 2, 2]
    assert plan.keep["features.norm4"] == (0, 1)


def test_transferred_takes_the_pattern_of_another_network(context: Context) -> None:
    pattern = guided.pattern(staged({"norm1": 8, "norm2": 4, "norm3": 1, "norm4": 3}), 0.4, context)
    assert pattern == (0.75, 0.25)
    deeper = build(Network("vgg", options(widths=(16, 16, 16, "M", 12, 12))), 1, 3)
    plan = resolve(Method("transferred", options(pattern=pattern)))(deeper, 0.4, context)
    assert [len(kept) for kept in plan.keep.values()] == [12, 12, 12, 3, 3]
    with pytest.raises(MethodError, match="the pattern has 1 stages and this network 2; it needs one value each"):
        decide(resolve(Method("transferred", options(pattern=(0.5,)))), deeper, 0.5, context, context.example)


def test_guided_sparsification_draws_the_average_kernel_pattern(context: Context) -> None:
    network = build(Network("vgg", options(widths=(32, 32, "M", 32))), 1, 3)
    with torch.no_grad():
        for number, centre in ((1, 5.0), (2, 5.0), (3, 0.01)):
            weight = network.get_parameter(f"features.conv{number}.weight")
            weight.uniform_(0.02, 0.03, generator=torch.Generator().manual_seed(number))[:, :, 1, 1] = centre
    big = sum(w[:, :, 1, 1].numel() for n, w in network.named_parameters() if n in ("features.conv1.weight",))
    big += 32 * 32
    total = 32 * 9 * (1 + 32 + 32)
    plan = resolve(Method("guided_sparse"))(network, 1 - (big + 0.5) / total, seeded(context))
    kept = {name: mask.tensor().double().mean((0, 1)) for name, mask in plan.masks.items()}
    first = torch.zeros(3, 3, dtype=torch.double)
    first[1, 1] = 1
    torch.testing.assert_close(kept["features.conv2"], first)
    assert kept["features.conv3"].sum() == 0
    shares = guided_sparse.pattern(network, 1 - (big + 0.5) / total, context)
    assert [sum(stage) for stage in shares] == [1, 0]
    with pytest.raises(PlanError, match="the pattern has 1 stages and this network 2"):
        resolve(Method("guided_sparse", options(pattern=((0.5,) * 9,))))(network, 0.5, context)


def test_uniform_sparsification_takes_every_weight_with_the_same_chance(context: Context) -> None:
    network = build(Network("vgg", options(widths=(64, 64))), 1, 3)
    mask = resolve(Method("uniform_sparse"))(network, 0.7, seeded(context)).masks["features.conv2"]
    assert mask.kept / mask.size == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("family", ["preresnet", "resnet"])
def test_sss_drops_the_blocks_with_the_smallest_factor(family: str, context: Context) -> None:
    network = build(Network(family, options(blocks=2, widths=(4, 6))), 1, 3)
    last = "conv3" if family == "preresnet" else "norm2"
    with torch.no_grad():
        for number, size in enumerate((3.0, 0.5, 0.1, 2.0)):
            for parameter in network.get_submodule(f"blocks.{number}.{last}").parameters():
                parameter.fill_(size)
    plan = decide(resolve(Method("sss")), network, 0.5, context, context.example).plan
    assert plan == Plan({}, {}, drop=("blocks.1", "blocks.2"))
    assert apply(network, plan, context.example)(context.example).shape == (2, 3)


def test_sss_needs_blocks(trained, context: Context) -> None:
    with pytest.raises(PlanError, match="VGG has no residual blocks: none of its modules has a shortcut"):
        resolve(Method("sss"))(trained("vgg"), 0.5, context)


def test_uniform_pruning_needs_no_batch_normalisation(context: Context) -> None:
    network = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
    plan = decide(resolve(Method("uniform")), network, 0.25, context, context.example).plan
    largest = network[0].weight.abs().sum((1, 2, 3)).topk(6).indices
    assert plan.keep == {"0": tuple(sorted(largest.tolist()))}

"""Masks: exact in storage, exact zeros through training, the paper's rules for choosing and redrawing."""

import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small import train
from torch import nn
from torch.nn.utils import prune as torch_prune

from prunebench.common.randomness import rng
from prunebench.datasets.images import Images
from prunebench.networks import build, initialise
from prunebench.networks.flops import count
from prunebench.pruning import Mask, Plan, PlanError, maskable
from prunebench.pruning.masking import draw, hold, smallest
from prunebench.pruning.masking import plan_of as plan_of_masks
from prunebench.pruning.registry import resolve
from prunebench.pruning.surgery import apply
from prunebench.specs.experiment import Method, Network, Recipe, options
from prunebench.training.checkpoint import Partial
from prunebench.training.gradients import bn_l1, chain

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=4)


@settings(max_examples=40)
@given(SHAPES, st.integers(0, 2**32))
def test_a_mask_survives_json_to_the_bit(shape: list[int], seed: int) -> None:
    kept = torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.5
    mask = Mask.of(kept)
    assert (mask.size, mask.kept) == (kept.numel(), int(kept.sum()))
    plan = Plan({}, {}, masks={"conv": mask})
    again = Plan.from_json(json.loads(json.dumps(plan.to_json())))
    assert again == plan
    assert torch.equal(again.masks["conv"].tensor(), kept)


def test_a_weight_in_another_memory_layout_has_the_same_mask() -> None:
    kept = torch.rand(2, 3, 4, 5) < 0.5
    assert Mask.of(kept.contiguous(memory_format=torch.channels_last)) == Mask.of(kept)


@pytest.mark.parametrize(("shape", "bits"), [((9,), b"\xff"), ((8,), b"\xff\x00"), ((4,), b"\xf8")])
def test_bits_that_do_not_fit(shape: tuple[int, ...], bits: bytes) -> None:
    with pytest.raises(ValueError, match="bytes of bits do not fit a weight of shape"):
        Mask(shape, bits)
    document = {"keep": {}, "total": {}, "notes": [], "masks": {"a": {"shape": list(shape), "bits": "!"}}}
    with pytest.raises(PlanError, match="no plan: expected the keys"):
        Plan.from_json(document)


def test_plans_without_masks_keep_their_document() -> None:
    assert Plan({"a": (0,)}, {"a": 2}).to_json() == {"keep": {"a": [0]}, "total": {"a": 2}, "notes": []}


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.93])
def test_magnitude_is_torchs_global_unstructured(ratio: float, trained, context) -> None:
    network = trained("preresnet")
    masks = resolve(Method("magnitude"))(network, ratio, context).masks
    modules = [(network.get_submodule(name), "weight") for name in maskable(network)]
    amount = int(sum(module.weight.numel() for module, _ in modules) * ratio) + 1  # the threshold's own goes too
    torch_prune.global_unstructured(modules, torch_prune.L1Unstructured, amount=amount)
    for (module, _), mask in zip(modules, masks.values(), strict=True):
        assert torch.equal(module.weight_mask.bool(), mask.tensor())


@settings(max_examples=30)
@given(st.integers(1, 60_000), st.floats(0, 1, exclude_max=True), st.integers(1, 10**6), st.floats(0.01, 1))
def test_the_threshold_is_that_of_sorting_everything(size: int, share: float, values: int, left: float) -> None:
    random = torch.Generator().manual_seed(size)
    drawn = [torch.randint(values, (n,), generator=random).double() for n in (size, 2 * size)]
    masks = [torch.rand(len(part), generator=random) <= left for part in drawn]
    counted = torch.cat([part[mask] for part, mask in zip(drawn, masks, strict=True)]).sort().values
    if len(counted):
        at = int(len(counted) * share)
        assert smallest(drawn, masks, at) == counted[at]


def test_twenty_per_cent_of_what_is_left_per_round(context) -> None:
    network = build(Network("vgg", options(widths=(32, 48))), 1, 3)
    total, removed = sum(weight.numel() for weight in maskable(network).values()), []
    for _ in range(11):
        network = apply(network, resolve(Method("lottery"))(network, 0.2, context), context.example)
        removed.append(100 * (1 - sum(int(w.count_nonzero()) for w in maskable(network).values()) / total))
    paper = [20, 36, 48.8, 59.04, 67.23, 73.79, 79.03, 83.22, 86.58, 89.26, 91.41]
    assert removed == pytest.approx(paper, abs=0.05)
    with torch.no_grad():
        for weight in maskable(network).values():
            weight.zero_()
    with pytest.raises(PlanError, match="every weight of the network's convolutions is zero already"):
        resolve(Method("lottery"))(network, 0.2, context)


def test_a_layer_that_loses_everything_is_noted(context) -> None:
    network = build(Network("vgg", options(widths=(4, 4))), 1, 3)
    network.get_parameter("features.conv1.weight").data /= 1e6
    plan = resolve(Method("magnitude"))(network, 0.5, context)
    assert plan.notes == ("features.conv1 loses all of its 36 weights",)


def test_shapes_stay_and_zeros_are_positive(trained, context) -> None:
    network = trained("vgg")
    plan = resolve(Method("magnitude"))(network, 0.5, context)
    small = apply(network, plan, context.example)
    assert count(small, context.example) == count(network, context.example)
    dense = count(network, context.example)
    assert count(small, context.example, nonzero=True).flops < dense.flops
    for name, mask in plan.masks.items():
        weight, before = small.get_parameter(f"{name}.weight"), network.get_parameter(f"{name}.weight")
        assert torch.equal(weight[mask.tensor()], before[mask.tensor()])
        assert not weight[~mask.tensor()].view(torch.int32).any()


def test_masks_and_channels_go_together(trained, context) -> None:
    network, mask = trained("vgg").eval(), torch.ones(6, 4, 3, 3, dtype=torch.bool)
    mask[:, :, 0] = False
    plan = Plan({"features.norm1": (0, 2)}, {"features.norm1": 4}, masks={"features.conv2": Mask.of(mask)})
    weight = apply(network, plan, context.example).get_parameter("features.conv2.weight")
    assert weight.shape == (6, 2, 3, 3)
    assert not weight[:, :, 0].any()
    assert weight[:, :, 1:].all()


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("features.conv9", (2,), "the plan masks features.conv9, .* this network has no layer 'features.conv9'"),
        ("features.relu1", (2,), "this network has no layer 'features.relu1'"),
        ("features.conv1", (5, 1, 3, 3), r"this network has features.conv1 with a weight of shape \[4, 1, 3, 3\]: the"),
    ],
)
def test_a_mask_of_another_network(name: str, shape: tuple[int, ...], message: str, trained, context) -> None:
    plan = plan_of_masks({name: torch.ones(shape, dtype=torch.bool)})
    with pytest.raises(PlanError, match=message):
        apply(trained("vgg"), plan, context.example)


def test_a_network_without_convolutions() -> None:
    with pytest.raises(PlanError, match="Linear has no convolution, and only their weights are masked"):
        maskable(nn.Linear(2, 2))


def images() -> Images:
    pixels = torch.randn(97, 1, 8, 8, generator=rng(0, "pixels"))
    labels = (pixels.mean((1, 2, 3)) > 0).long()
    return Images(pixels[:65], labels[:65], pixels[65:], labels[65:], classes=3)


@settings(max_examples=6)
@given(st.booleans(), st.sampled_from([0.0, 0.9]), st.sampled_from([0.0, 0.01]), st.floats(0.05, 0.95))
def test_masked_weights_stay_exactly_zero_while_the_others_train(
    tmp_path_factory, nesterov: bool, momentum: float, decay: float, ratio: float
) -> None:
    network = build(Network("vgg", options(widths=(4, "M", 6))), 1, 3)
    initialise(network, rng(0, "init"))
    plan = resolve(Method("magnitude"))(network, ratio, None)
    network = apply(network, plan, images().example)
    before = {name: weight.detach().clone() for name, weight in maskable(network).items()}
    recipe = Recipe(2, 0.05, momentum=momentum, nesterov=nesterov and momentum > 0, weight_decay=decay, batch_size=16)
    hook = chain(bn_l1(network, 0.01), hold(network, plan.masks))
    train(network, images(), recipe, 0, Partial(tmp_path_factory.mktemp("p") / "p"), hook)
    for name, mask in plan.masks.items():
        weight, kept = network.get_parameter(f"{name}.weight"), mask.tensor()
        assert not weight[~kept].view(torch.int32).any()
        assert (weight[kept] != before[name][kept]).any() or not mask.kept


def test_a_masked_training_that_was_stopped_ends_with_the_same_bits(tmp_path) -> None:
    class StopError(Exception):
        pass

    def stop(_) -> None:
        raise StopError

    def run(file: str, report=lambda _: None):
        network = build(Network("vgg", options(widths=(4, "M", 6))), 1, 3)
        initialise(network, rng(0, "init"))
        plan = resolve(Method("magnitude"))(network, 0.5, None)
        network = apply(network, plan, images().example)
        train(network, images(), Recipe(2, 0.05), 0, Partial(tmp_path / file), hold(network, plan.masks), report)
        return network.state_dict()

    with pytest.raises(StopError):
        run("half", stop)
    whole, resumed = run("whole"), run("half")
    assert all(torch.equal(tensor, resumed[name]) for name, tensor in whole.items())


def test_hooks_that_are_not_there_make_none() -> None:
    assert chain(None, None) is None


def test_fresh_masked_weights_have_the_papers_spread() -> None:
    network = build(Network("vgg", options(widths=(64, 128))), 1, 3)
    kept = torch.rand(128, 64, 3, 3, generator=rng(0, "mask")) < 0.1
    masks = {"features.conv1": Mask.of(torch.zeros(64, 1, 3, 3, dtype=torch.bool)), "features.conv2": Mask.of(kept)}
    draw(network, masks, rng(0, "scratch"))
    weight = network.get_parameter("features.conv2.weight")
    assert weight[kept].std().item() == pytest.approx(math.sqrt(2 * 64 / int(kept.sum())), rel=0.02)
    assert not weight[~kept].any()
    assert not network.get_parameter("features.conv1.weight").any()


def test_unscaled_they_are_the_dense_networks_with_holes() -> None:
    network, dense = (build(Network("vgg", options(widths=(8, 8))), 1, 3) for _ in range(2))
    masks = {"features.conv2": Mask.of(torch.rand(8, 8, 3, 3, generator=rng(0, "mask")) < 0.5)}
    draw(network, masks, rng(0, "scratch"), rescaled=False)
    initialise(dense, rng(0, "scratch"))
    kept = masks["features.conv2"].tensor()
    wanted = dense.get_parameter("features.conv2.weight") * kept
    assert torch.equal(network.get_parameter("features.conv2.weight"), wanted)
    assert torch.equal(network.get_parameter("classifier.weight"), dense.get_parameter("classifier.weight"))

"""Pruning a network at hand."""

import pytest
import torch
from tiny import VGG

import prunebench as pb
from prunebench.networks import build

EXAMPLE = torch.randn(6, 1, 8, 8)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return build(VGG, 1, 10)


def test_a_plan_keeps_the_filters_of_the_largest_norm_and_makes_a_smaller_network(network):
    plan = pb.prune(network, EXAMPLE, "l1", 0.5)
    first, filters = next(iter(plan.keep.items()))
    norms = network.get_submodule(first.replace("norm", "conv")).weight.abs().sum((1, 2, 3))
    assert set(filters) == set(norms.topk(len(filters)).indices.tolist())
    small = pb.apply(network, plan, EXAMPLE)
    assert small(EXAMPLE).shape == (6, 10)
    assert pb.flops(small, EXAMPLE) < pb.flops(network, EXAMPLE)
    assert pb.cost(small, EXAMPLE).parameters == sum(p.numel() for p in small.parameters())


def test_a_share_of_the_flops_is_removed_where_that_is_asked_for(network):
    small = pb.apply(network, pb.prune(network, EXAMPLE, "l1", 0.4, of_flops=True), EXAMPLE)
    assert pb.flops(small, EXAMPLE) <= 0.6 * pb.flops(network, EXAMPLE)


def test_masks_leave_every_shape_and_cost_what_is_not_zero(network):
    masked = pb.apply(network, pb.prune(network, EXAMPLE, "magnitude", 0.5), EXAMPLE)
    assert pb.flops(masked, EXAMPLE) == pb.flops(network, EXAMPLE) > pb.flops(masked, EXAMPLE, nonzero=True)


def first_half(network, ratio, context):
    layers = {name: module.out_channels for name, module in network.named_modules() if hasattr(module, "out_channels")}
    return pb.Plan({name: range(int(n * (1 - ratio))) for name, n in layers.items()}, layers)


def test_a_method_may_be_a_function_a_class_or_stand_in_a_file(network, tmp_path):
    wanted = pb.prune(network, EXAMPLE, first_half, 0.5)
    assert all(kept == tuple(range(wanted.total[name] // 2)) for name, kept in wanted.keep.items())
    assert (
        pb.prune(network, EXAMPLE, type("Half", (), {"__call__": lambda self, *given: first_half(*given)}), 0.5)
        == wanted
    )
    file = tmp_path / "half.py"
    file.write_text("from prunebench import Plan\ndef Half(network, ratio, context):\n    return Plan({}, {})\n")
    assert pb.prune(network, EXAMPLE, f"{file}:Half", 0.5) == pb.Plan({}, {})


def test_a_method_of_the_loss_asks_for_labels(network):
    with pytest.raises(pb.PrunebenchError, match="give the classes of the images as labels="):
        pb.prune(network, EXAMPLE, "taylor", 0.5)
    assert pb.prune(network, EXAMPLE, "taylor", 0.5, labels=torch.arange(6)).keep


def test_a_network_that_does_not_run_on_the_images_is_told_so(network):
    with pytest.raises(pb.PrunebenchError, match=r"VGG does not run on images of shape \[2, 3, 8, 8\]: RuntimeError"):
        pb.flops(network, torch.zeros(2, 3, 8, 8))


def test_unknown_methods_and_ratios_are_refused_with_what_is_valid(network):
    with pytest.raises(pb.PrunebenchError, match="unknown method 'slimm': did you mean slimming"):
        pb.prune(network, EXAMPLE, "slimm", 0.5)
    with pytest.raises(pb.PrunebenchError, match=r"ratio 50 is outside \[0, 1\)"):
        pb.prune(network, EXAMPLE, "l1", 50)

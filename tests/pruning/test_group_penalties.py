"""What acts during training: the penalties on groups, soft filter pruning and sparse structure selection."""

import pytest
import torch
import torch_pruning as tp
from small import train
from torch import Tensor, nn

from prunebench.common.errors import PrunebenchError
from prunebench.common.randomness import rng
from prunebench.datasets.images import Images
from prunebench.networks import build, initialise
from prunebench.pruning import PlanError, maskable
from prunebench.pruning.group_penalties import Growing
from prunebench.pruning.registry import resolve
from prunebench.pruning.regularisers import REGULARISERS, regulariser
from prunebench.specs.experiment import Method, Network, Recipe, options
from prunebench.training.checkpoint import Partial


def added(network: nn.Module, act) -> dict[str, Tensor]:
    """Return what an action adds to gradients of zero."""
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    act()
    return {name: parameter.grad for name, parameter in network.named_parameters()}


def theirs(kind, network: nn.Module, example: Tensor, **settings):
    importance = tp.importance.GroupMagnitudeImportance(p=2)
    return kind(network, example, importance, ignored_layers=[network.classifier], **settings)


def test_group_norm_is_torch_prunings(trained, example: Tensor) -> None:
    network = trained("vgg")
    pruner = theirs(tp.pruner.GroupNormPruner, network, example, reg=0.01)
    wanted = added(network, lambda: pruner.regularize(network))
    found = added(network, lambda: regulariser("group_norm", network, example, 0.01)(network))
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-6)
    assert found["features.conv2.weight"].any()


def test_growing_is_torch_prunings_where_weights_stand_still(trained, example: Tensor) -> None:
    network = trained("vgg")
    pruner = theirs(tp.pruner.GrowingRegPruner, network, example, reg=0.01, delta_reg=0.01)
    ours = regulariser("growing", network, example, 0.01)
    assert isinstance(ours, Growing)
    for epochs in (0, 1, 2, 3):
        if epochs:
            pruner.update_reg()
            ours.after_epoch(network, epochs)
        wanted = added(network, lambda: pruner.regularize(network))
        found = added(network, lambda: ours(network))
        for name in (n for n in wanted if "norm" not in n):  # theirs adds to a copy of the scales' gradients
            torch.testing.assert_close(found[name], wanted[name], rtol=1e-3, atol=1e-6)
        scale = network.get_parameter("features.norm1.weight").detach()
        conv = network.get_parameter("features.conv1.weight").detach()
        factors = found["features.conv1.weight"] / conv
        torch.testing.assert_close(found["features.norm1.weight"], factors[:, 0, 0, 0] * scale)


def test_group_lasso_is_the_gradient_of_the_groups_norms(trained, example: Tensor) -> None:
    network = trained("vgg")
    found = added(network, lambda: regulariser("group_lasso", network, example, 0.5)(network))
    parts = [network.get_parameter(f"features.{name}.weight") for name in ("conv1", "norm1", "conv2")]
    squares = (parts[0] ** 2).sum((1, 2, 3)) + parts[1] ** 2 + (parts[2] ** 2).sum((0, 2, 3))
    wanted = torch.autograd.grad(0.5 * squares.sqrt().sum(), parts)
    torch.testing.assert_close(found["features.conv1.weight"], wanted[0])
    torch.testing.assert_close(found["features.norm1.weight"], wanted[1])


@pytest.mark.parametrize("family", ["vgg", "preresnet", "densenet"])
@pytest.mark.parametrize("name", ["group_norm", "group_lasso", "growing"])
def test_equal_and_dead_channels_give_numbers(name: str, family: str, trained, example: Tensor) -> None:
    network = trained(family)
    act = regulariser(name, network, example, 0.1)
    for value in (1.0, 0.0):
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.fill_(value)
        assert all(grad.isfinite().all() for grad in added(network, lambda: act(network)).values())


def images() -> Images:
    pixels = torch.randn(64, 1, 8, 8, generator=rng(0, "pixels"))
    labels = (pixels.mean((1, 2, 3)) > 0).long()
    return Images(pixels[:48], labels[:48], pixels[48:], labels[48:], classes=3)


class StopError(Exception):
    pass


def trained_with(name: str, partial: Partial, stop_after: int = 9, epochs: int = 3, every: int = 0) -> nn.Module:
    network = build(Network("resnet", options(blocks=1, widths=(4, 6))), 1, 3)
    initialise(network, rng(0, "init"))
    act = regulariser(name, network, images().example, 0.5 if name == "soft_filter" else 0.01)

    def report(epoch) -> None:
        if epoch.epoch == stop_after:
            raise StopError

    recipe = Recipe(epochs, 0.05, batch_size=16)
    train(network, images(), recipe, 0, partial, act, report, getattr(act, "after_epoch", None), every)
    return network


@pytest.mark.parametrize(("name", "every"), [*((name, 0) for name in sorted(REGULARISERS)), ("soft_filter", 2)])
def test_a_training_that_was_stopped_ends_with_the_same_bits(name: str, every: int, tmp_path) -> None:
    whole = trained_with(name, Partial(tmp_path / "whole"), every=every).state_dict()
    with pytest.raises(StopError):
        trained_with(name, Partial(tmp_path / "half"), stop_after=2, every=every)
    resumed = trained_with(name, Partial(tmp_path / "half"), every=every).state_dict()
    assert all(torch.equal(tensor, resumed[key]) for key, tensor in whole.items())


def test_soft_pruning_zeroes_half_of_the_filters_and_lets_them_return(tmp_path, context) -> None:
    once, twice = (trained_with("soft_filter", Partial(tmp_path / str(n)), epochs=n) for n in (1, 2))
    zero = []
    for network in (once, twice):
        dead = {name: weight.flatten(1).norm(dim=1) == 0 for name, weight in maskable(network).items()}
        assert [int(filters.sum()) for filters in dead.values()] == [2, 2, 2, 3, 3]
        zero.append(torch.cat(list(dead.values())))
        plan = resolve(Method("soft_filter"))(network, 0.5, context)
        for name, mask in plan.masks.items():
            assert torch.equal(~mask.tensor().flatten(1).any(1), dead[name])
    assert not torch.equal(*zero)


def test_soft_pruning_zeroes_before_every_second_step_and_after_epochs(tmp_path) -> None:
    network = build(Network("resnet", options(blocks=1, widths=(4, 6))), 1, 3)
    act, dead = regulariser("soft_filter", network, images().example, 0.5), []

    def step(given: nn.Module) -> None:  # after its backward pass, before its update
        dead.append(any((w.flatten(1).norm(dim=1) == 0).any() for w in maskable(given).values()))
        initialise(given, rng(len(dead), "init"))

    recipe = Recipe(3, 0.05, batch_size=16)  # of three steps an epoch
    train(network, images(), recipe, 0, Partial(tmp_path / "p"), step, after_epoch=act.after_epoch, every=2)
    after_epochs = [False, False, False, True, False, False, True, False, False]
    before_steps = [True, False, True, False, True, False, True, False, True]
    assert dead == [a or b for a, b in zip(after_epochs, before_steps, strict=True)]


def test_soft_pruning_rounds_as_the_papers_code() -> None:
    """int(filters * (1 - rate)) with rate 0.9, 0.8, 0.7 (Table 10)."""
    network = nn.Sequential(nn.Conv2d(1, 16, 1), nn.Conv2d(16, 32, 1), nn.Conv2d(32, 64, 1))
    for ratio, zeroed in ((0.1, [1, 3, 6]), (0.2, [3, 6, 12]), (0.3, [4, 9, 19])):
        masks = resolve(Method("soft_filter"))(network, ratio, None).masks.values()
        assert [mask.shape[0] - mask.kept // mask.shape[1] for mask in masks] == zeroed


def test_sss_pulls_at_each_blocks_factor() -> None:
    network = build(Network("preresnet", options(blocks=1, widths=(3, 4))), 1, 3)
    found = added(network, lambda: regulariser("sss", network, torch.zeros(1, 1, 8, 8), 0.5)(network))
    weights = [network.get_parameter(f"blocks.{n}.conv3.weight") for n in (0, 1)]
    wanted = torch.autograd.grad(0.5 * sum(w.square().mean().sqrt() for w in weights), weights)
    for number in (0, 1):
        torch.testing.assert_close(found[f"blocks.{number}.conv3.weight"], wanted[number])
    assert sum(bool(grad.any()) for grad in found.values()) == 2


def test_unknown_and_unfit_regularisers_say_so(trained, example: Tensor) -> None:
    with pytest.raises(PrunebenchError, match="unknown regulariser 'l3'; valid are bn_l1, group_lasso, group_norm, gr"):
        regulariser("l3", trained("vgg"), example, 0.1)
    with pytest.raises(PlanError, match="VGG has no residual blocks"):
        regulariser("sss", trained("vgg"), example, 0.1)

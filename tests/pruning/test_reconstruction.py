"""ThiNet and regression: what they select, and the weights that they hand over."""

from dataclasses import replace
from itertools import combinations

import pytest
import torch
import torch.nn.functional as F
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Lasso
from torch import Tensor, nn

from prunebench.pruning import Context, Plan, PlanError
from prunebench.pruning.methods import regression, thinet
from prunebench.pruning.readers import Reader
from prunebench.pruning.reconstruction import ridge
from prunebench.pruning.registry import inheritance
from prunebench.pruning.surgery import apply
from prunebench.specs.experiment import Method


def seeded(context: Context, images: Tensor) -> Context:
    return replace(context, example=images[:1], images=images, generator=torch.Generator().manual_seed(0))


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def missing(contributions: Tensor, removed: tuple[int, ...]) -> float:
    return contributions[:, list(removed)].sum(1).square().sum().item()


@settings(max_examples=20)
@given(st.integers(0, 999), st.integers(2, 6), st.integers(1, 5))
def test_thinets_greedy_takes_the_cheapest_channel_each_time(seed: int, channels: int, gone: int) -> None:
    x, removed = noise(12, channels, seed=seed).double(), ()
    for _ in range(min(gone, channels - 1)):
        left = [c for c in range(channels) if c not in removed]
        removed += (min(left, key=lambda c: missing(x, (*removed, c))),)
    kept = thinet.greedy(x, x.sum(1), channels - len(removed)).tolist()
    assert sorted(kept) == sorted(set(range(channels)) - set(removed))


def test_thinets_greedy_finds_the_best_set_where_channels_cancel() -> None:
    x = noise(20, 5).double()
    x[:, 3] = 0.01 * x[:, 3]
    x[:, 1] = -x[:, 3]
    best = min(combinations(range(5), 2), key=lambda removed: missing(x, removed))
    assert best == (1, 3)
    assert thinet.greedy(x, x.sum(1), 3).tolist() == [0, 2, 4]


@pytest.mark.parametrize("count", [1, 3, 6, 8])
def test_regression_keeps_what_sklearns_lasso_keeps(count: int) -> None:
    x = noise(200, 8).double()
    y = x @ torch.tensor([4.0, 0, -3, 0.5, 0, 2, -1, 0.2], dtype=torch.double) + 0.01 * noise(200, seed=1).double()
    kept = regression.lasso(x, y, count)
    assert len(kept) == count
    strongest = (x.T @ y).abs().max().item() / 200
    for penalty in (strongest * 0.97**step for step in range(400)):
        factors = Lasso(penalty, fit_intercept=False, tol=1e-8).fit(x.numpy(), y.numpy()).coef_
        if (factors != 0).sum() >= count:
            assert set(kept.tolist()) <= set(factors.nonzero()[0]) or count == 8
            break


def test_regression_prefers_one_of_two_equal_channels() -> None:
    x = noise(100, 4).double()
    x[:, 1] = x[:, 0]
    assert regression.lasso(x, x.sum(1), 3).tolist() in ([0, 2, 3], [1, 2, 3])


def test_dead_channels_do_not_stop_a_selection() -> None:
    x = torch.zeros(10, 3)
    assert len(regression.lasso(x, x.sum(1), 2)) == len(thinet.greedy(x, x.sum(1), 2)) == 2
    assert torch.equal(ridge(x, noise(10, 2)), torch.zeros(3, 2, dtype=torch.double))


def test_ridge_is_least_squares_with_a_penalty_however_many_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    for samples in (50, 4):
        a, b = noise(samples, 6).double(), noise(samples, 3, seed=1).double()
        penalty = 0.01 * a.square().sum() / 6
        stacked = torch.cat([a, penalty.sqrt() * torch.eye(6)]), torch.cat([b, torch.zeros(6, 3)])
        torch.testing.assert_close(ridge(a, b), torch.linalg.lstsq(*stacked).solution)
    monkeypatch.setattr("prunebench.pruning.reconstruction.RIDGE", 1e-12)
    a, b = noise(50, 6).double(), noise(50, 3, seed=1).double()
    torch.testing.assert_close(ridge(a, b), torch.linalg.lstsq(a, b).solution)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(3, 5, 3, padding=1),
        nn.Conv2d(3, 5, (3, 2), stride=(2, 1), padding=(0, 1), dilation=(1, 2), bias=False),
        nn.Conv2d(3, 5, 1, stride=2),
        nn.Conv2d(3, 5, 3, padding="same"),
    ],
    ids=["padded", "odd", "1x1", "same"],
)
def test_samples_are_what_a_convolution_computes(layer: nn.Conv2d) -> None:
    reader, x = Reader(layer), noise(4, 3, 9, 7)
    reader.remember(layer(x).detach(), torch.Generator().manual_seed(0))
    sample = reader.sample(x)
    torch.testing.assert_close(torch.einsum("ock,nck->no", sample.weight, sample.inputs), sample.wanted)
    torch.testing.assert_close(sample.contributions.sum(1), sample.target)


@pytest.mark.parametrize("shape", [(6, 3), (4, 5, 3)])
def test_samples_are_what_a_linear_layer_computes(shape: tuple[int, ...]) -> None:
    layer = nn.Linear(3, 5)
    reader, x = Reader(layer), noise(*shape)
    reader.remember(layer(x).detach(), torch.Generator().manual_seed(0))
    sample = reader.sample(x)
    torch.testing.assert_close(torch.einsum("ock,nck->no", sample.weight, sample.inputs), sample.wanted)


def twins() -> nn.Sequential:
    """Return a network whose first layer has every channel twice, so that half of it can go without loss."""
    torch.manual_seed(1)
    network = nn.Sequential(
        nn.Conv2d(1, 6, 3),
        nn.ReLU(),
        nn.Conv2d(6, 5, 3),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(5, 3),
    )
    with torch.no_grad():
        network[0].weight[3:] = network[0].weight[:3]
        network[0].bias[3:] = network[0].bias[:3]
        network[2].weight[:, 3:] = network[2].weight[:, :3]
    return network.eval()


@pytest.mark.parametrize("method", [thinet, regression])
def test_inherited_weights_make_up_for_channels_that_had_a_twin(
    method, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prunebench.pruning.reconstruction.RIDGE", 1e-9)
    network, images = twins(), noise(30, 1, 8, 8)
    plan = Plan({"0": (0, 4, 5)}, {"0": 6})
    fitted = method.inherit(network, plan, seeded(context, images))
    small = apply(fitted, plan, images[:1])
    lost = (apply(network, plan, images[:1])(images) - network(images)).norm()
    assert (small(images) - network(images)).norm() < 1e-3 * lost
    assert torch.equal(fitted[0].weight, network[0].weight)


@pytest.mark.parametrize("family", ["vgg", "preresnet", "densenet"])
@pytest.mark.parametrize("method", [thinet, regression])
def test_a_plans_weights_bring_the_outputs_nearer(method, family: str, trained, context: Context) -> None:
    network, images = trained(family).eval(), noise(40, 1, 8, 8)
    data = seeded(context, images)
    plan = method.prune(network, 0.5, data)
    fitted = method.inherit(network, plan, data)
    wanted, plain, better = network(images), apply(network, plan, images[:1]), apply(fitted, plan, images[:1])
    assert F.mse_loss(better(images), wanted) < F.mse_loss(plain(images), wanted)
    assert {name: p.shape for name, p in better.named_parameters()} == {n: p.shape for n, p in plain.named_parameters()}


def test_layers_that_read_several_groups_are_fitted_once() -> None:
    class Concat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right, self.read = nn.Conv2d(1, 4, 1), nn.Conv2d(1, 6, 1), nn.Conv2d(10, 3, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.read(torch.cat([self.left(x), self.right(x)], 1).relu()).mean((2, 3))

    torch.manual_seed(0)
    network, images = Concat(), noise(30, 1, 4, 4)
    data = Context(images[:1], images, torch.zeros(30, dtype=torch.long), torch.Generator().manual_seed(0))
    plan = regression.prune(network, 0.5, data)
    assert {name: len(kept) for name, kept in plan.keep.items()} == {"left": 2, "right": 3}
    fitted = regression.inherit(network, plan, data)
    gone = [*plan.removed("left"), *(4 + c for c in plan.removed("right"))]
    assert not fitted.read.weight[:, gone].any()
    plain = apply(network, plan, images[:1])(images) - network(images)
    assert (apply(fitted, plan, images[:1])(images) - network(images)).norm() < 0.4 * plain.norm()


def test_torchvisions_networks_work_too() -> None:
    network, images = torchvision.models.mobilenet_v2(width_mult=0.25), noise(4, 3, 32, 32)
    data = Context(images[:1], images, torch.zeros(4, dtype=torch.long), torch.Generator().manual_seed(0))
    plan = thinet.prune(network.eval(), 0.5, data)
    assert len(plan.keep) > 10
    assert apply(thinet.inherit(network, plan, data), plan, images[:1])(images).shape == (4, 1000)


def test_a_network_where_nothing_reads_channels(context: Context) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    with pytest.raises(PlanError, match="the method found no layer of this network that it can prune"):
        thinet.prune(network, 0.5, context)


def test_the_registry_knows_who_hands_over_weights() -> None:
    assert inheritance(Method("thinet")) == thinet.inherit
    assert inheritance(Method("regression")) == regression.inherit
    assert inheritance(Method("slimming")) is None

"""SNIP, GraSP and SynFlow against their formulas."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prunebench.pruning import Context, maskable
from prunebench.pruning.methods import grasp, snip, synflow
from prunebench.pruning.registry import resolve
from prunebench.specs.experiment import Method, options


def tiny(norm: bool = True) -> nn.Sequential:
    torch.manual_seed(2)
    layers = [nn.Conv2d(1, 2, 3, bias=False), *([nn.BatchNorm2d(2)] if norm else []), nn.Tanh()]
    return nn.Sequential(*layers, nn.Conv2d(2, 3, 2, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten())


@pytest.fixture
def data(context: Context) -> Context:
    images = torch.randn(6, 1, 5, 5, generator=torch.Generator().manual_seed(1))
    return replace(context, example=images[:1], images=images, labels=torch.tensor([0, 1, 2, 0, 1, 2]))


def flat_loss(network: nn.Module, data: Context, temperature: float, vector: Tensor, among=([*range(6)],)) -> Tensor:
    """Return the sum of the losses of parts of the images, as a function of all convolutions' weights in one vector."""
    sizes = [weight.numel() for weight in maskable(network).values()]
    parts = vector.split(sizes)
    weights = {f"{n}.weight": p.view_as(w) for (n, w), p in zip(maskable(network).items(), parts, strict=True)}

    def loss(part: list[int]) -> Tensor:
        scores = torch.func.functional_call(network, weights, data.images[part])
        return F.cross_entropy(scores / temperature, data.labels[part])

    return torch.stack([loss(part) for part in among]).sum()


def flat(tensors) -> Tensor:
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def test_snip_is_weight_times_gradient(data: Context) -> None:
    network = tiny()
    vector = flat(maskable(network).values()).requires_grad_()
    (gradient,) = torch.autograd.grad(flat_loss(network.train(), data, 1, vector), vector)
    torch.testing.assert_close(flat(snip.score(network, data).values()), (vector * gradient).abs().detach())


def test_grasp_is_weight_times_hessian_times_gradient(data: Context) -> None:
    network = tiny().double()
    double = replace(data, images=data.images.double())
    vector = flat(maskable(network).values()).requires_grad_()
    halves = ([0, 3, 1], [4, 2, 5])  # in the order of the classes
    (gradient,) = torch.autograd.grad(flat_loss(network.train(), double, 200, vector, halves), vector)
    hessian = torch.autograd.functional.hessian(lambda v: flat_loss(network, double, 200, v, halves), vector)
    scores = flat(grasp.score(network, double).values())
    torch.testing.assert_close(scores, vector.detach() * (hessian @ gradient))
    assert scores.abs().max() > 0


def test_grasp_takes_ten_images_of_each_class() -> None:
    labels = torch.tensor([0] * 15 + [2] * 4)
    assert grasp._per_class(labels).tolist() == [*range(10), *range(15, 19)]


def test_synflow_is_the_flow_of_magnitudes(data: Context) -> None:
    network = tiny(norm=False)
    network[1] = nn.ReLU()
    first, second = (weight.detach().double().abs() for weight in maskable(network).values())
    inner = F.conv2d(torch.ones(1, 1, 5, 5, dtype=torch.double), first)
    share = 1 / (inner.shape[2] - 1) ** 2  # of each place in the average
    outgoing = F.conv_transpose2d(torch.full((1, 3, 2, 2), share, dtype=torch.double), second)
    scores = list(synflow.score(synflow.magnitudes(network), data).values())
    wanted = first * outgoing.sum((2, 3)).view(2, 1, 1, 1)  # every window of ones is the same
    torch.testing.assert_close(scores[0], wanted)
    torch.testing.assert_close(scores[0].sum(), scores[1].sum())  # conserved from layer to layer


def test_synflow_in_rounds_keeps_every_layer_alive(data: Context) -> None:
    network = nn.Sequential(nn.Conv2d(1, 8, 1, bias=False), nn.ReLU(), nn.Conv2d(8, 64, 1, bias=False), nn.Flatten())
    with torch.no_grad():
        network[0].weight.copy_(torch.rand(8, 1, 1, 1) + 0.5)
        network[2].weight.copy_(torch.rand(64, 8, 1, 1) + 0.5)
    plan = resolve(Method("synflow"))(network, 0.97, data)
    assert sum(mask.kept for mask in plan.masks.values()) == 520 - int(520 * 0.97) - 1
    assert all(mask.kept for mask in plan.masks.values())
    once = resolve(Method("synflow", options(rounds=1)))(network, 0.97, data)
    assert plan != once


@pytest.mark.parametrize("name", ["snip", "grasp", "synflow"])
def test_the_network_stays_as_it_is(name: str, data: Context) -> None:
    network = tiny().eval()
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    resolve(Method(name))(network, 0.5, data)
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())
    assert not network.training
    assert all(parameter.grad is None for parameter in network.parameters())

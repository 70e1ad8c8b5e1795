"""Fresh weights follow the family's rule for the shapes of the moment."""

import math

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import ConvNeXt, SwinTransformer, VisionTransformer
from torchvision.models.convnext import CNBlockConfig

from prunebench.common.errors import PrunebenchError
from prunebench.networks import build, fresh, initialise
from prunebench.pruning import Plan
from prunebench.pruning.surgery import apply
from prunebench.specs.experiment import Network, options


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def vgg() -> nn.Module:
    return build(Network("vgg", options(widths=(96, 80), hidden=(64,))), 3, 100)


def test_convolutions_are_drawn_for_their_width_after_pruning() -> None:
    example = torch.randn(1, 3, 8, 8)
    small = apply(vgg(), Plan({"features.norm2": range(20)}, {"features.norm2": 80}), example)
    for network, width in ((vgg(), 80), (small, 20)):
        initialise(network, seeded())
        weight = network.get_parameter("features.conv2.weight")
        assert weight.shape[0] == width
        assert weight.std().item() == pytest.approx(math.sqrt(2 / (9 * width)), rel=0.02)
        assert abs(weight.mean().item()) < 0.01


def test_vgg_has_half_scales_and_small_linear_weights() -> None:
    network = vgg()
    spoil(network)
    initialise(network, seeded())
    state = network.state_dict()
    assert state["features.norm1.weight"].eq(0.5).all()
    assert state["hidden.norm1.weight"].eq(1).all()
    for name in ("features.norm1.bias", "features.norm1.running_mean", "features.norm1.num_batches_tracked"):
        assert state[name].eq(0).all()
    assert state["features.norm1.running_var"].eq(1).all()
    assert state["classifier.weight"].std().item() == pytest.approx(0.01, rel=0.03)
    assert state["classifier.bias"].eq(0).all()


def test_forms_have_their_own_rules() -> None:
    wide = options(widths=(200, 400), hidden=(64,), form="weight_level")
    level, imagenet = (
        build(Network("vgg", o), 3, 10)
        for o in (wide, options(widths=(8,), hidden=(16,), form="imagenet_slimming", side=2))
    )
    initialise(level, seeded())
    initialise(imagenet, seeded())
    weight = level.get_parameter("features.conv2.weight")
    assert weight.std().item() == pytest.approx(math.sqrt(2 / (9 * 200)), rel=0.02)
    assert level.get_parameter("features.norm1.weight").eq(1).all()
    assert level.get_parameter("features.conv1.bias").eq(0).all()
    assert imagenet.get_parameter("features.norm1.weight").eq(0.5).all()
    assert imagenet.get_parameter("hidden.norm1.weight").eq(0.5).all()


@pytest.mark.parametrize(
    ("network", "scale"),
    [
        (Network("preresnet", options(blocks=1)), 0.5),
        (Network("preresnet", options(blocks=1, form="weight_level")), 1),
        (Network("densenet", options(growth=2, layers=1, form="weight_level")), 1),
        (Network("resnet", options(blocks=1)), 1),
        (Network("torchvision", options(name="resnet18")), 1),
    ],
)
def test_scales(network: Network, scale: float) -> None:
    built = build(network, 3, 10)
    initialise(built, seeded())
    assert all(m.weight.eq(scale).all() for m in built.modules() if isinstance(m, nn.BatchNorm2d))


def test_torchvisions_mobilenet_has_small_linear_weights() -> None:
    built = build(Network("torchvision", options(name="mobilenet_v2")), 3, 10)
    initialise(built, seeded())
    assert built.get_parameter("classifier.1.weight").std().item() == pytest.approx(0.01, rel=0.03)


def test_the_other_families_have_pytorchs_linear_layer() -> None:
    network = build(Network("densenet", options(growth=32, layers=1)), 3, 100)
    initialise(network, seeded())
    weight, bias = network.get_parameter("classifier.weight"), network.get_parameter("classifier.bias")
    bound = 1 / math.sqrt(weight.shape[1])
    assert bound * 0.98 < weight.abs().max().item() <= bound
    assert bound * 0.8 < bias.abs().max().item() <= bound
    assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.02)


def test_the_generator_is_the_only_source_of_randomness() -> None:
    networks = [nn.Sequential(vgg(), nn.ConvTranspose2d(2, 3, 2), nn.Linear(3, 3)) for _ in range(3)]
    before = torch.get_rng_state()
    for network, seed in zip(networks, (1, 1, 2), strict=True):
        initialise(network, seeded(seed))
    assert torch.equal(torch.get_rng_state(), before)
    one, same, other = (nn.utils.parameters_to_vector(network.parameters()) for network in networks)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_any_other_network_gets_full_scales() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.BatchNorm2d(8, affine=False), nn.ReLU())
    spoil(network)
    initialise(network, seeded())
    assert network.get_parameter("0.bias").eq(0).all()
    assert network.get_parameter("1.weight").eq(1).all()


def test_a_layer_without_a_rule_is_named() -> None:
    class Scale(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.Parameter(torch.ones(1))

        def forward(self, x: Tensor) -> Tensor:
            return x * self.factor

    with pytest.raises(
        PrunebenchError, match=r"fresh weights of 1 \(Scale\).*give its class a method reset_parameters"
    ):
        initialise(nn.Sequential(nn.ReLU(), Scale()), seeded())


RAW = {
    "vit": lambda: VisionTransformer(16, 8, 1, 2, 8, 16, num_classes=3),
    "swin": lambda: SwinTransformer([2, 2], 8, [1, 1], [2, 2], [2, 2], num_classes=3),
    "convnext": lambda: ConvNeXt([CNBlockConfig(8, 16, 1), CNBlockConfig(16, None, 1)], num_classes=3),
}


@pytest.mark.parametrize("name", RAW)
def test_networks_with_parameters_outside_of_layers_draw_their_own(name: str) -> None:
    before = torch.get_rng_state()
    one, same, other = (nn.utils.parameters_to_vector(fresh(RAW[name], seeded(n)).parameters()) for n in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    torch.manual_seed(1)
    assert torch.equal(one, nn.utils.parameters_to_vector(RAW[name]().parameters()))


def test_networks_with_rules_get_fresh_weights_by_them() -> None:
    by_rule = vgg()
    initialise(by_rule, seeded(3))
    drawn = fresh(vgg, seeded(3)).state_dict()
    assert all(torch.equal(tensor, drawn[name]) for name, tensor in by_rule.state_dict().items())


def spoil(network: nn.Module) -> None:
    for tensor in network.state_dict().values():
        tensor.fill_(7)

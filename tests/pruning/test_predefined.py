"""Widths, parameters, FLOPs and budgets of the paper's predefined targets, to the unit."""

import pytest
import torch
from torch import nn

from prunebench.common.errors import UnknownNameError
from prunebench.networks import build
from prunebench.networks.flops import Cost, count
from prunebench.pruning import Plan, PlanError, keep_counts, keep_uniform, prunable
from prunebench.pruning.predefined import TARGETS, predefined, predefined_blocks
from prunebench.pruning.surgery import apply
from prunebench.specs.architectures import CIFAR, IMAGENET
from prunebench.specs.budget import same_flops
from prunebench.specs.experiment import Network, Recipe, options

NETWORKS = {
    **dict.fromkeys(["VGG-16-A"], CIFAR["l1"]["VGG-16"]),
    **dict.fromkeys(["ResNet-56-A", "ResNet-56-B"], CIFAR["l1"]["ResNet-56"]),
    **dict.fromkeys(["ResNet-110-A", "ResNet-110-B"], CIFAR["l1"]["ResNet-110"]),
    **dict.fromkeys(["ResNet-34-A", "ResNet-34-B"], IMAGENET["l1"]["ResNet-34"]),
    **dict.fromkeys(["VGG-Conv"], IMAGENET["thinet"]["VGG-16"]),
    **dict.fromkeys(["VGG-GAP", "VGG-Tiny"], IMAGENET["thinet"]["VGG-16 with global pooling"]),
    **dict.fromkeys(["ResNet50-30%", "ResNet50-50%", "ResNet50-70%"], IMAGENET["thinet"]["ResNet-50"]),
    **dict.fromkeys(["VGG-16-5x"], IMAGENET["regression"]["VGG-16"]),
    **dict.fromkeys(["ResNet-50-2x"], IMAGENET["regression"]["ResNet-50"]),
}
RESNETS = {  # blocks per stage, pruned widths, blocks that keep all: paper protocols, sec. 2 and 7
    "ResNet-56-A": ((9, 9, 9), (14, 28, 57), (7, 9, 18, 26)),
    "ResNet-56-B": ((9, 9, 9), (6, 22, 57), (7, 8, 9, 16, 18, 26)),
    "ResNet-110-A": ((18, 18, 18), (8, 32, 64), (17,)),
    "ResNet-110-B": ((18, 18, 18), (8, 19, 44), (17, 18, 36)),
    "ResNet-34-A": ((3, 4, 6, 3), (44, 89, 179, 512), (0, 3, 6, 7, 12)),
    "ResNet-34-B": ((3, 4, 6, 3), (32, 51, 153, 512), (0, 3, 6, 7, 12)),
}


def dense_and_pruned(name: str, size: int, classes: int) -> tuple[dict[str, int], nn.Module, Cost, Cost]:
    with torch.device("meta"):
        network, example = build(NETWORKS[name], 3, classes), torch.zeros(1, 3, 32, 32)
        counts = predefined(name, network, example)
        widths = {g.name: g.channels for g in prunable(network, example)}
        small = apply(network, Plan({k: range(n) for k, n in counts.items()}, {k: widths[k] for k in counts}), example)
        images = torch.zeros(1, 3, size, size)
        return counts, small, count(network, images), count(small, images)


def basic_resnet(kept: list[int]) -> tuple[int, int]:
    """Return parameters and FLOPs of a CIFAR ResNet whose blocks keep so many channels, from first principles."""
    n = len(kept) // 3
    widths, sides = [16] * n + [32] * n + [64] * n, [32] * n + [16] * n + [8] * n
    parameters, flops = 27 * 16 + 32 + 650, (54 * 16 + 3 * 16) * 32**2 + 64 * 64 + 1290
    for before, width, inner, side in zip([16, *widths], widths, kept, sides, strict=False):
        weights = 9 * before * inner + 9 * inner * width
        parameters += weights + 2 * (inner + width)
        flops += (2 * weights + 3 * (inner + width)) * side**2
    return parameters, flops


@pytest.mark.parametrize("name", RESNETS)
def test_pruned_widths_of_resnets(name: str) -> None:
    blocks, pruned, whole = RESNETS[name]
    dense = (16, 32, 64) if len(blocks) == 3 else (64, 128, 256, 512)
    stages = [stage for stage, n in enumerate(blocks) for _ in range(n)]
    expected = [dense[s] if i in whole else pruned[s] for i, s in enumerate(stages)]
    assert list(TARGETS[name].kept) == expected
    assert list(TARGETS[name].dense) == [dense[s] for s in stages]


@pytest.mark.parametrize("name", [name for name in RESNETS if "34" not in name])
def test_cifar_resnets_cost_what_arithmetic_says(name: str) -> None:
    counts, _, dense, small = dense_and_pruned(name, 32, 10)
    assert tuple(counts.values()) == TARGETS[name].kept
    assert all(layer.endswith("norm1") for layer in counts)
    assert (dense.parameters, dense.flops) == basic_resnet(list(TARGETS[name].dense))
    assert (small.parameters, small.flops) == basic_resnet(list(TARGETS[name].kept))


@pytest.mark.parametrize("name", ["VGG-16-A", "ResNet-34-A", "ResNet-34-B", "ResNet-50-2x", "VGG-GAP", "VGG-Tiny"])
def test_the_plan_gives_the_papers_architecture(name: str) -> None:
    counts, small, dense, pruned = dense_and_pruned(name, 64, 10)
    assert tuple(counts.values()) == TARGETS[name].kept
    assert pruned.flops < dense.flops
    inner = [m.out_channels for m in small.modules() if isinstance(m, nn.Conv2d)]
    assert set(counts.values()) <= {*inner, *TARGETS["ResNet-50-2x"].kept[::3]}


def test_vgg_16_a_is_the_vgg_of_its_widths() -> None:
    _, small, dense, pruned = dense_and_pruned("VGG-16-A", 32, 10)
    widths = [32, 64, "M", 128, 128, "M", *[256] * 3, "M", *[256] * 3, "M", *[256] * 3]
    with torch.device("meta"):
        direct = build(Network("vgg", options(widths=widths, hidden=[512])), 3, 10)
    assert [p.shape for p in small.parameters()] == [p.shape for p in direct.parameters()]
    assert same_flops(Recipe(160), dense.flops, pruned.flops).epochs == 160 * dense.flops // pruned.flops == 243


def test_thinets_shapes() -> None:
    for name, share in (("ResNet50-30%", 0.3), ("ResNet50-50%", 0.5), ("ResNet50-70%", 0.7)):
        target = TARGETS[name]
        assert target.kept == tuple(int(width * share) for width in target.dense)
    counts, _, dense, pruned = dense_and_pruned("ResNet50-30%", 224, 1000)
    assert "bn1" not in counts
    assert tuple(counts.values()) == TARGETS["ResNet50-30%"].kept
    assert same_flops(Recipe(90), dense.flops, pruned.flops, cap=2).epochs == 180
    with torch.device("meta"):
        vgg16 = build(NETWORKS["VGG-Conv"], 3, 1000)
        whole = count(vgg16, torch.zeros(1, 3, 224, 224)).flops
    tiny = dense_and_pruned("VGG-Tiny", 224, 1000)[-1]
    assert 15 <= whole / tiny.flops < 16  # "FLOPs cut 15x", paper p.5


def test_thinets_and_regressions_vggs_keep_their_linear_layers() -> None:
    for name in ("VGG-Conv", "VGG-16-5x"):
        _, small, _, _ = dense_and_pruned(name, 32, 1000)
        assert tuple(m.out_channels for m in small.modules() if isinstance(m, nn.Conv2d)) == TARGETS[name].kept
        linear = [(m.in_features, m.out_features) for m in small.modules() if isinstance(m, nn.Linear)]
        assert linear == [(512 * 49, 4096), (4096, 4096), (4096, 1000)]


@pytest.mark.parametrize(
    ("name", "layers", "epochs", "milestones"),
    [
        ("ResNet-41", 41, 117, (35, 70, 105)),
        ("ResNet-32", 32, 145, (43, 86, 129)),
        ("ResNet-26", 26, 179, (53, 106, 159)),
    ],
)
def test_dropping_blocks_gives_the_papers_depths_and_epochs(name: str, layers: int, epochs: int, milestones) -> None:
    images = torch.zeros(1, 3, 224, 224, device="meta")
    with torch.device("meta"):
        network = build(IMAGENET["sss"]["ResNet-50"], 3, 1000)
        small = apply(network, Plan({}, {}, drop=predefined_blocks(name)), torch.zeros(1, 3, 32, 32))
    convolutions = [name for name, m in small.named_modules() if isinstance(m, nn.Conv2d)]
    assert len([c for c in convolutions if c == "conv1" or ".conv" in c]) + 1 == layers
    budget = same_flops(Recipe(100, milestones=(30, 60, 90)), count(network, images).flops, count(small, images).flops)
    assert budget.epochs == epochs
    ratio = count(network, images).flops / count(small, images).flops
    assert tuple(int(30 * ratio) * stage for stage in (1, 2, 3)) == milestones


@pytest.mark.parametrize(
    ("network", "ratios", "selected", "sizes"),
    [
        (  # Fig. 3 left, paper p.8
            CIFAR["slimming"]["VGG-16"],
            (0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
            0,
            (11_885_000, 9_391_000, 7_199_000, 5_290_000, 3_685_000, 2_340_000),
        ),
        (CIFAR["slimming"]["PreResNet-164"], (0.1, 0.7), 8_080, (1_404_000, 289_400)),  # Fig. 5 left, paper p.9
    ],
    ids=["VGG-16", "PreResNet-164"],
)
def test_uniform_pruning_has_the_sizes_of_the_figures(network: Network, ratios, selected: int, sizes) -> None:
    example = torch.zeros(1, 3, 32, 32)
    dense = build(network, 3, 10)
    scores = {g.name: torch.arange(g.channels) for g in prunable(dense, example)}
    for ratio, size in zip(ratios, sizes, strict=True):
        small = apply(dense, keep_uniform(scores, ratio), example)
        counted = sum(p.numel() for p in small.parameters()) + selected
        step = 100 if selected else 1000
        assert abs(counted - size) < step


def test_a_smaller_network_keeps_the_same_shares() -> None:
    example = torch.zeros(1, 1, 16, 16)
    narrow = build(Network("vgg", options(widths=[8, 8, "M", 16, 16, "M", 32, 32, "M", 64, 64])), 1, 10)
    assert list(predefined("VGG-16-A", narrow, example).values()) == [4, 8, 16, 16, 16, 16, 32, 32]
    shallow = build(Network("resnet", options(blocks=1, widths=(8, 16, 32), shortcut="detached")), 1, 10)
    assert list(predefined("ResNet-110-B", shallow, example).values()) == [4, 9, 22]
    tiny = build(Network("vgg", options(widths=[2, "M", 1])), 1, 10)
    assert list(predefined("VGG-Tiny", tiny, example).values()) == [1, 1]


def test_scores_and_counts_make_a_plan() -> None:
    scores = {"a": torch.tensor([3.0, 1.0, 2.0]), "b": torch.ones(2)}
    assert keep_counts(scores, {"a": 2}) == Plan({"a": (0, 2)}, {"a": 3})
    for counts, message in (
        ({"c": 1}, "cannot keep 1 channels of c, which has no scores"),
        ({"a": 4}, "cannot keep 4 channels of a, which has 3 scores"),
        ({"a": 0}, "cannot keep 0 channels of a, which has 3 scores"),
    ):
        with pytest.raises(PlanError, match=message):
            keep_counts(scores, counts)


def test_errors() -> None:
    network, example = build(Network("vgg", options(widths=[4, 4])), 1, 10), torch.zeros(1, 1, 8, 8)
    with pytest.raises(UnknownNameError, match="unknown target 'VGG-16-B': did you mean VGG-16-A"):
        predefined("VGG-16-B", network, example)
    with pytest.raises(PlanError, match="ResNet-50-2x needs a network with channel selections"):
        predefined("ResNet-50-2x", network, example)
    with pytest.raises(PlanError, match="VGG-16-A does not fit: Sequential has no convolution"):
        predefined("VGG-16-A", nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), example)
    with pytest.raises(UnknownNameError, match="unknown target 'ResNet-42'"):
        predefined_blocks("ResNet-42")


def test_every_target_is_consistent() -> None:
    assert NETWORKS.keys() == TARGETS.keys()
    for target in TARGETS.values():
        assert len(target.dense) == len(target.kept)
        assert all(0 < kept <= dense for kept, dense in zip(target.kept, target.dense, strict=True))

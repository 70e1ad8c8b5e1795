"""Networks that people brought to other tools: each is pruned exactly, or refused in a sentence that says what to do.

Every one is named by the public report of its kind, project and number.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from independent import disagreement
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from prunebench.common import userfile
from prunebench.networks.flops import count
from prunebench.pruning import Plan, PlanError, prunable
from prunebench.pruning.groups import survey
from prunebench.pruning.surgery import apply

IMAGES = torch.zeros(1, 1, 8, 8)


class LastFlat(nn.Module):
    """microsoft/MMdnn#250, gzuidhof/nn-transfer#11: as ported from Keras, the map is flattened channels last."""

    def __init__(self, last: bool = True) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU()),
            *(nn.Conv2d(6, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(3)),
        )
        self.fc, self.last = nn.Linear(8 * 9, 3), last

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(x)
        logits: Tensor = self.fc((x.permute(0, 2, 3, 1) if self.last else x).flatten(1))
        return logits


class Tokens(nn.Module):
    """Maps turned into tokens, each read by a linear layer, and their mean classified."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.read, self.fc = nn.Conv2d(1, 6, 3), nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.conv(x).relu().flatten(2).transpose(1, 2)
        logits: Tensor = self.fc(self.read(tokens).relu().mean(1))
        return logits


def pixels() -> nn.Module:
    """VainF/Torch-Pruning#98 and #420: sub-pixel upsampling."""
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.PixelShuffle(2), nn.Conv2d(2, 6, 3, 2, 1), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)),
    )


class Maxout(nn.Module):
    """microsoft/nni#5416: what `chunk` divides goes on together."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.fc = nn.Conv2d(1, 8, 3), nn.Conv2d(4, 6, 3), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        left, right = self.a(x).chunk(2, 1)
        logits: Tensor = self.fc(self.b(torch.maximum(left, right)).relu().mean((2, 3)))
        return logits


class Gated(nn.Module):
    """VainF/Torch-Pruning#366: a gated linear unit halves the channels."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Sequential(nn.Conv1d(8, 8, 3, padding=1), nn.GLU(1), nn.Conv1d(4, 6, 3), nn.ReLU())
        self.fc = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.fc(self.layer(x.flatten(1, 2)).mean(2))
        return logits


class Shuffled(nn.Module):
    """VainF/Torch-Pruning#45: channel shuffle, as in torchvision's ShuffleNet."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.fc = nn.Conv2d(1, 8, 3), nn.Conv2d(8, 6, 3), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.a(x).relu()
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, -1, h, w)
        logits: Tensor = self.fc(self.b(x).relu().mean((2, 3)))
        return logits


def normalised() -> nn.Module:
    """VainF/Torch-Pruning#374: weight normalisation."""
    return nn.Sequential(
        *(weight_norm(nn.Conv2d(1, 8, 3)), nn.ReLU(), weight_norm(nn.Conv2d(8, 6, 3)), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)),
    )


class Sequence(nn.Module):
    """sovrasov/flops-counter.pytorch#101: rows of pixels as a sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv1d(8, 6, 3, padding=1), nn.BatchNorm1d(6), nn.ReLU(), nn.Conv1d(6, 8, 3, padding=1), nn.ReLU())
        )
        self.fc = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.fc(self.body(x.flatten(1, 2)).mean(2))
        return logits


class Generator(nn.Module):
    """VainF/Torch-Pruning#125: a linear layer's output viewed as a map, then transposed convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.a, self.b = nn.Linear(64, 32), nn.ConvTranspose2d(8, 6, 2, 2), nn.ConvTranspose2d(6, 4, 2, 2)
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.linear(x.flatten(1)).relu().view(-1, self.a.in_channels, 2, 2)
        logits: Tensor = self.fc(self.b(self.a(x).relu()).relu().mean((2, 3)))
        return logits


class Twice(nn.Module):
    """microsoft/nni#5569, open-mmlab/mmrazor#126: one layer used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.body, self.last = nn.Conv2d(1, 6, 3), nn.Conv2d(6, 6, 1), nn.Conv2d(6, 5, 1)
        self.fc = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(self.body(self.stem(x).relu()).relu()).relu()
        logits: Tensor = self.fc(self.last(x).relu().mean((2, 3)))
        return logits


class Tied(nn.Module):
    """pytorch/pytorch#80951: two convolutions that share one Parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(6, 6, 1), nn.Conv2d(6, 6, 1), nn.Conv2d(6, 8, 1)
        self.b.weight = self.a.weight
        self.stem, self.fc = nn.Conv2d(1, 6, 3), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.b(self.a(self.stem(x).relu()).relu()).relu()
        logits: Tensor = self.fc(self.c(x).relu().mean((2, 3)))
        return logits


def grouped_norm() -> nn.Module:
    """microsoft/nni#5069: group normalisation."""
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3), nn.GroupNorm(4, 8), nn.ReLU(), nn.Conv2d(8, 6, 3), nn.GroupNorm(6, 6), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)),
    )


EXACT: dict[str, tuple[Callable[[], nn.Module], list[str]]] = {
    "channels-last flatten": (LastFlat, ["body.1", "body.4"]),
    "its control": (lambda: LastFlat(False), ["body.1", "body.4"]),
    "tokens": (Tokens, ["conv", "read"]),
    "pixel shuffle": (pixels, ["3"]),
    "maxout": (Maxout, ["b"]),
    "gated linear unit": (Gated, ["layer.2"]),
    "channel shuffle": (Shuffled, ["b"]),
    "weight norm": (normalised, ["0", "2"]),
    "Conv1d": (Sequence, ["body.1", "body.3"]),
    "transposed convolutions": (Generator, ["a", "b"]),
    "a layer used twice": (Twice, ["last"]),
    "tied weights": (Tied, ["c"]),
    "group normalisation": (grouped_norm, ["3"]),
}


@pytest.mark.parametrize("case", EXACT)
def test_what_can_go_goes_exactly(case: str) -> None:
    build, names = EXACT[case]
    torch.manual_seed(0)
    network = build()
    groups = prunable(network, IMAGES)
    assert [group.name for group in groups] == names
    plan = Plan({g.name: range(0, g.channels, 2) for g in groups}, {g.name: g.channels for g in groups})
    small = apply(network, plan, IMAGES)
    assert count(small, IMAGES).parameters < count(network, IMAGES).parameters
    assert disagreement(network, small, {name: plan.removed(name) for name in plan.keep}, IMAGES) < 1e-4


def soft() -> nn.Module:
    """A softmax over channels: each depends on all."""
    mixed = nn.Conv2d(1, 6, 3), nn.Softmax(1), nn.Conv2d(6, 4, 3)
    return nn.Sequential(*mixed, nn.Flatten(), nn.Linear(64, 3))


@pytest.mark.parametrize(
    ("build", "name", "reason"),
    [
        (soft, "0", "says something else than with them silenced, from 1 on"),
        (pixels, "0", "does not run without .*pixel_shuffle expects"),
        (Maxout, "a", "they go only together with others of the same layer, such as channel"),
        (Shuffled, "a", "the network does not run without|says something else than with them silenced"),
        (Generator, "linear", "they go only together with others of the same layer"),
        (Tied, "stem", "a shares a weight with b: give each layer its own"),
        (grouped_norm, "0", "1 normalises 2 channels together"),
        (Twice, "stem", "shared with body"),
        (lambda: nn.Sequential(spectral_norm(nn.Conv2d(1, 6, 3)), nn.Flatten(), nn.Linear(216, 3)), "0", "remove_par"),
    ],
)
def test_what_cannot_go_is_left_out_with_the_reason(build: Callable[[], nn.Module], name: str, reason: str) -> None:
    found = survey(build(), IMAGES)
    assert name in found.left_out
    assert re.search(reason, found.left_out[name]), found.left_out[name]
    assert name not in [group.name for group in found.groups]


@pytest.mark.parametrize(("build", "name"), [(Shuffled, "a"), (Maxout, "a"), (grouped_norm, "0"), (pixels, "0")])
def test_a_plan_of_such_channels_is_refused_before_anything_is_trained(
    build: Callable[[], nn.Module], name: str
) -> None:
    with pytest.raises(PlanError, match=f"cannot remove channels of {name}: "):
        apply(build(), Plan({name: (1, 2, 4, 5, 7)}, {name: 8}), IMAGES)


WIDTH_WRITTEN = """
from torch import nn
from torch.nn import functional as F

class build(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(channels, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.pool = nn.AdaptiveMaxPool2d(4)
        self.fc1, self.fc2 = nn.Linear(16 * 4 * 4, 32), nn.Linear(32, classes)

    def forward(self, x):
        x = self.pool(F.relu(self.conv2(F.relu(self.conv1(x)))))
        x = x.{how}(-1, 16 * 4 * 4)
        return self.fc2(F.relu(self.fc1(x)))
"""


@pytest.mark.parametrize("how", ["view", "reshape"])
def test_a_width_in_the_code_is_refused_with_its_line(how: str, tmp_path: Path) -> None:
    """IntelLabs/distiller#213; the other layers can be pruned."""
    (tmp_path / "net.py").write_text(WIDTH_WRITTEN.replace("{how}", how))
    network = userfile.load(f"{tmp_path}/net.py:build")[1](1, 10)
    found = survey(network, IMAGES)
    assert [group.name for group in found.groups] == ["conv1", "fc1"]
    assert f"net.py, line 14: x = x.{how}(-1, 16 * 4 * 4)" in found.left_out["conv2"]
    assert "write x.flatten(1)" in found.left_out["conv2"]


def old_norm() -> nn.Module:
    with pytest.warns(FutureWarning):
        return nn.Sequential(nn.utils.weight_norm(nn.Conv2d(1, 6, 3)), nn.Flatten(), nn.Linear(216, 3))


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (old_norm, "0 has the old torch.nn.utils.weight_norm, .* use torch.nn.utils.parametrizations.weight_norm"),
        (lambda: nn.Sequential(nn.LazyConv2d(6, 3), nn.Flatten(), nn.Linear(216, 3)), "0 is lazy .* call the network"),
        (lambda: torch.compile(nn.Sequential(nn.Conv2d(1, 6, 3), nn.Flatten(), nn.Linear(216, 3))), "is compiled"),
    ],
    ids=["pytorch/pytorch#103001", "pytorch/pytorch#83168", "compiled"],
)
def test_what_surgery_cannot_work_on_is_refused_in_a_sentence(build: Callable[[], nn.Module], sentence: str) -> None:
    with pytest.raises(PlanError, match=sentence):
        prunable(build(), IMAGES)


class Auxiliary(nn.Module):
    """pytorch/vision#302: an auxiliary classifier that runs in training alone."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 6, 3), nn.Conv2d(6, 8, 3)
        self.aux, self.fc = nn.Linear(6, 3), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        a = F.relu(self.a(x))
        y: Tensor = self.fc(F.relu(self.b(a)).mean((2, 3)))
        return (y, self.aux(a.mean((2, 3)))) if self.training else y


def test_what_only_training_reads_is_left_whole() -> None:
    found = survey(Auxiliary(), IMAGES)
    assert [group.name for group in found.groups] == ["b"]
    assert "does not train without" in found.left_out["a"]

"""Random small networks out of a grammar of all kinds of layers and of all ways in which channels are moved about."""

from __future__ import annotations

from random import Random

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

CLASSES = 3
SIDE = 8


class Residual(nn.Module):
    def __init__(self, width: int, middle: int, normed: bool) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(width, middle, 3, padding=1), nn.Conv2d(middle, width, 1)
        self.norm = nn.BatchNorm2d(middle) if normed else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.b(self.norm(self.a(x)).relu())
        return y


class Branches(nn.Module):
    def __init__(self, width: int, left: int, right: int) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(width, left, 1), nn.Conv2d(width, right, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.left(x), self.right(x).relu()], 1)


class Gate(nn.Module):
    """Squeeze and excitation."""

    def __init__(self, width: int, middle: int) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(width, middle, 1), nn.Conv2d(middle, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x * self.up(self.down(x.mean((2, 3), keepdim=True)).relu()).sigmoid()
        return y


class Moved(nn.Module):
    """Channels divided, joined or reordered, without weights."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        if self.how == "maxout":
            return torch.maximum(*x.chunk(2, 1))
        if self.how == "glu":
            return F.glu(x, 1)
        if self.how == "shuffle":
            return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        if self.how == "swap":
            left, right = x.split([c // 2, c - c // 2], 1)
            return torch.cat([right, left], 1)
        if self.how == "flip":
            return x.flip(1)
        return x.softmax(1)


class Tied(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)
        self.b.weight = self.a.weight

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.b(self.a(x).relu())
        return y


class Tokens(nn.Module):
    """Attention over the places of a map."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(width, hidden) for _ in range(3))
        self.out = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2)
        heard = F.scaled_dot_product_attention(self.q(tokens), self.k(tokens), self.v(tokens))
        y: Tensor = self.out(heard).transpose(1, 2).reshape(x.shape)
        return y


class Head(nn.Module):
    def __init__(self, how: str, width: int, hidden: int) -> None:
        super().__init__()
        self.how, self.width = how, width
        self.hidden = nn.Linear(width * (1 if how in ("mean", "sequence") else 16), hidden)
        self.row = nn.Conv1d(width, width, 3, padding=1)
        self.norm, self.classifier = nn.BatchNorm1d(hidden), nn.Linear(hidden, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        if self.how == "mean":
            x = x.mean((2, 3))
        elif self.how == "sequence":
            x = self.row(x.flatten(2)).relu().mean(2)
        else:
            x = F.adaptive_avg_pool2d(x, 4)
            if self.how == "written":
                x = x.view(-1, self.width * 16)
            elif self.how == "size":
                x = x.reshape(x.size(0), -1)
            else:
                x = (x.permute(0, 2, 3, 1) if self.how == "last" else x).flatten(1)
        logits: Tensor = self.classifier(self.norm(self.hidden(x)).relu())
        return logits


def network(seed: int) -> nn.Module:
    """Return the network of a seed, for images of shape [1, 8, 8], with weights that all make a difference."""
    pick = Random(seed)
    layers: list[nn.Module] = []
    width = 1
    for _ in range(pick.randint(2, 5)):
        made, width = _producer(pick, width)
        layers += [*made, *_norm(pick, width), _activation(pick, width)]
        if pick.random() < 0.5:
            made, width = _block(pick, width)
            layers += made
    head = Head(pick.choice(["mean", "flat", "last", "size", "written", "sequence"]), width, pick.choice([3, 4, 6]))
    built = nn.Sequential(*layers, head)
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in built.state_dict().items():
            if tensor.is_floating_point():
                positive = name.endswith("var") or (tensor.dim() == 1 and name.endswith("weight"))
                fan = tensor[0].numel() if tensor.dim() > 1 else 4
                fresh = torch.empty(tensor.shape).normal_(0, (2 / fan) ** 0.5, generator=draw)
                tensor.copy_(fresh.abs() + 0.3 if positive else fresh)
    return built


def _producer(pick: Random, width: int) -> tuple[list[nn.Module], int]:
    made = pick.choice([4, 6, 8])
    kind = pick.choice(["conv", "conv", "pointwise", "transposed", "grouped", "normed"])
    if kind == "transposed":
        return [nn.ConvTranspose2d(width, made, 3, padding=1)], made
    if kind == "grouped" and width % 2 == 0:
        return [nn.Conv2d(width, made, 3, padding=1, groups=2)], made
    if kind == "normed":
        return [weight_norm(nn.Conv2d(width, made, 3, padding=1))], made
    return [nn.Conv2d(width, made, *((1,) if kind == "pointwise" else (3, 1, 1)), bias=pick.random() < 0.7)], made


def _norm(pick: Random, width: int) -> list[nn.Module]:
    kind = pick.choice(["batch", "batch", "none", "group", "channel", "layer", "instance"])
    return {
        "batch": [nn.BatchNorm2d(width)],
        "none": [],
        "group": [nn.GroupNorm(2, width)],
        "channel": [nn.GroupNorm(width, width)],
        "layer": [nn.GroupNorm(1, width)],
        "instance": [nn.InstanceNorm2d(width, affine=True, track_running_stats=pick.random() < 0.5)],
    }[kind]


def _activation(pick: Random, width: int) -> nn.Module:
    kinds = [nn.ReLU(), nn.ReLU(), nn.Sigmoid(), nn.GELU(), nn.PReLU(width), nn.Hardswish(), nn.LeakyReLU(), nn.Tanh()]
    return pick.choice(kinds)


def _block(pick: Random, width: int) -> tuple[list[nn.Module], int]:
    middle = pick.choice([3, 4, 6])
    kind = pick.choice(
        ["residual", "branches", "gate", "depthwise", "pool", "tied", "tokens", "pixels", *["moved"] * 3]
    )
    if kind == "branches":
        return [Branches(width, middle, 4)], middle + 4
    if kind == "pixels":
        return [nn.Conv2d(width, 8, 1), nn.PixelShuffle(2), nn.AvgPool2d(2)], 2
    if kind == "moved":
        how = pick.choice(["maxout", "glu", "shuffle", "swap", "flip", "softmax"])
        return [Moved(how)], width // 2 if how in ("maxout", "glu") else width
    blocks = {
        "residual": lambda: Residual(width, middle, pick.random() < 0.5),
        "gate": lambda: Gate(width, middle),
        "depthwise": lambda: nn.Conv2d(width, width, 3, padding=1, groups=width),
        "pool": lambda: pick.choice([nn.MaxPool2d(2, 1), nn.AvgPool2d(2, 1)]),
        "tied": lambda: Tied(width),
        "tokens": lambda: Tokens(width, middle),
    }
    return [blocks[kind]()], width

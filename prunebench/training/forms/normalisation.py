"""The same batch normalisation of several networks at once, with the bits of each by itself.

Only the gradient of the maps may need the networks one by one: channels beyond the last whole vector are rounded
otherwise, and packed other channels are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from prunebench.training.forms.ways import Way, chosen, cut, noise

aten = torch.ops.aten


class PackedNormalisation(nn.Module):
    """Batch normalisations of equal widths; reads and writes [N, networks * C, ...].

    Attributes:
        weight: scales of all networks, [networks * C].
        bias: shifts, likewise.
        running_mean: likewise.
        running_var: likewise.
    """

    weight: nn.Parameter
    bias: nn.Parameter
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, layers: Sequence[_BatchNorm]) -> None:
        """Copy what single layers hold."""
        super().__init__()
        self.networks, self.momentum, self.eps = len(layers), cast("float", layers[0].momentum), layers[0].eps
        for name in ("weight", "bias"):
            setattr(self, name, nn.Parameter(torch.cat([getattr(layer, name).detach() for layer in layers])))
        for name in ("running_mean", "running_var"):
            self.register_buffer(name, torch.cat([getattr(layer, name) for layer in layers]))

    def forward(self, maps: Tensor) -> Tensor:
        """Return the normalised maps; the running statistics move on in training."""
        own = (self.weight, self.bias, self.running_mean, self.running_var)
        if not self.training:
            return _tested(maps, *own, self.eps, self.networks)
        normalised: Tensor = _Normalise.apply(maps, *own, self.momentum, self.eps, self.networks)
        return normalised


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, maps: Tensor, w: Tensor, b: Tensor, mean: Tensor, var: Tensor, momentum: float, eps: float, k: int
    ) -> Tensor:
        def draw() -> tuple[Any, ...]:
            return noise(maps), *_drawn(w), momentum, eps, k

        way = chosen(_FORWARD, (maps.shape, maps.stride(), maps.dtype, k), draw)
        y, m, s, _, _ = cast("tuple[Tensor, ...]", way(maps, w, b, mean, var, momentum, eps, k))
        ctx.save_for_backward(maps, w, m, s)
        ctx.rest = eps, k
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (maps, w, m, s), (eps, k) = ctx.saved_tensors, ctx.rest

        def draw() -> tuple[Any, ...]:
            scales = _drawn(w)
            return noise(gradient), noise(maps), scales[0], *scales[2:], eps, k

        case = (maps.shape, maps.stride(), gradient.stride(), maps.dtype, k)
        ways = _BACKWARD if _dense(gradient) else _BACKWARD[-1:]
        return *chosen(ways, case, draw)(gradient, maps, w, m, s, eps, k), None, None, None, None, None


def _dense(gradient: Tensor) -> bool:
    """Return whether every number has a place of its own: what is expanded is computed network by network."""
    return gradient.is_contiguous() or gradient.is_contiguous(memory_format=torch.channels_last)


def _drawn(like: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return scales, shifts, means and variances (or their inverse roots) to try a normalisation with."""
    numbers = noise(like.expand(4, -1).contiguous())
    return numbers[0].abs() + 0.5, numbers[1].clone(), numbers[2].clone(), numbers[3].abs() + 0.5


def _forward_singly(
    maps: Tensor, w: Tensor, b: Tensor, mean: Tensor, var: Tensor, momentum: float, eps: float, k: int
) -> tuple[Tensor, ...]:
    parts = zip(cut(maps, k), *(t.chunk(k) for t in (w, b, mean, var)), strict=True)
    y, m, s = zip(*[aten.native_batch_norm(*part, True, momentum, eps) for part in parts], strict=True)
    return torch.cat(y, 1), torch.cat(m), torch.cat(s), mean, var


def _forward_packed(
    maps: Tensor, w: Tensor, b: Tensor, mean: Tensor, var: Tensor, momentum: float, eps: float, k: int
) -> tuple[Tensor, ...]:
    return *aten.native_batch_norm(maps, w, b, mean, var, True, momentum, eps), mean, var


_FORWARD: tuple[Way, ...] = (_forward_packed, _forward_singly)


def _backward_singly(
    gradient: Tensor, maps: Tensor, w: Tensor, mean: Tensor, std: Tensor, eps: float, k: int
) -> tuple[Tensor, ...]:
    gradients = cut(gradient, k) if _dense(gradient) else gradient.chunk(k, 1)
    parts = zip(gradients, cut(maps, k), *(t.chunk(k) for t in (w, mean, std)), strict=True)
    found = [_backward_packed(g, x, scale, m, s, eps, 1) for g, x, scale, m, s in parts]
    return tuple(torch.cat(each, 0 if i else 1) for i, each in enumerate(zip(*found, strict=True)))


def _backward_packed(
    gradient: Tensor, maps: Tensor, w: Tensor, mean: Tensor, std: Tensor, eps: float, k: int
) -> tuple[Tensor, ...]:
    found: tuple[Tensor, ...] = aten.native_batch_norm_backward(
        gradient, maps, w, None, None, mean, std, True, eps, [True, True, True]
    )
    return found


_BACKWARD: tuple[Way, ...] = (_backward_packed, _backward_singly)


def _tested(maps: Tensor, w: Tensor, b: Tensor, mean: Tensor, var: Tensor, eps: float, k: int) -> Tensor:
    def draw() -> tuple[Any, ...]:
        return noise(maps), *_drawn(w), eps, k

    way = chosen(_TEST, (maps.shape, maps.stride(), maps.dtype, k), draw)
    return cast("Tensor", way(maps, w, b, mean, var, eps, k)[0])


def _test_singly(
    maps: Tensor, w: Tensor, b: Tensor, mean: Tensor, var: Tensor, eps: float, k: int
) -> tuple[Tensor, ...]:
    parts = zip(cut(maps, k), *(t.chunk(k) for t in (w, b, mean, var)), strict=True)
    return (torch.cat([F.batch_norm(x, m, v, scale, shift, False, 0.0, eps) for x, scale, shift, m, v in parts], 1),)


def _test_packed(
    maps: Tensor, w: Tensor, b: Tensor, mean: Tensor, var: Tensor, eps: float, k: int
) -> tuple[Tensor, ...]:
    return (F.batch_norm(maps, mean, var, w, b, False, 0.0, eps),)


_TEST: tuple[Way, ...] = (_test_packed, _test_singly)

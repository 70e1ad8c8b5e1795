"""Channels silenced in a network that still has them: what it says when nobody hears them.

A silenced channel is NaN where it is made, and stays so through all that leaves channels apart. Where channels are
added up (convolutions, linear layers, products of matrices, sums) it counts as nothing. Where it meets channels that
are heard in any other way (a normalisation over both, a softmax), what comes out is NaN altogether, and so no longer
what a network without the channel says: there silence is not defined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten


@contextmanager
def silenced(network: nn.Module, channels: Mapping[str, Sequence[int]]) -> Iterator[None]:
    """Silence output channels of a network's modules, by name, in all forward passes inside."""
    handles = [network.get_submodule(n).register_forward_hook(_silencer(c)) for n, c in channels.items() if c]
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), _Deaf():  # type: ignore[no-untyped-call]
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for handle in handles:
            handle.remove()


def unheard(network: nn.Module, channels: Mapping[str, Sequence[int]], images: Tensor) -> dict[str, list[int]]:
    """Return the inputs that convolutions and linear layers do not hear when some channels are silenced, by name.

    Left out are layers that hear some of an input and not the rest.
    """
    record: dict[str, list[int]] = {}
    handles = [
        module.register_forward_pre_hook(lambda m, i, name=name: _listen(m, i[0], name, record))
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear) or (isinstance(module, _ConvNd) and module.groups == 1)
    ]
    try:
        with silenced(network, channels):
            network(images)
    finally:
        for handle in handles:
            handle.remove()
    return record


def _listen(module: nn.Module, x: Tensor, name: str, record: dict[str, list[int]]) -> None:
    lost = x.isnan().movedim(channel_dimension(module, x), 0).flatten(1)
    if bool((lost.any(1) == lost.all(1)).all()):
        record[name] = lost.any(1).nonzero().flatten().tolist()


def _silencer(channels: Sequence[int]) -> Any:
    def hook(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        index = torch.tensor(list(channels), device=output.device)
        return output.index_fill(channel_dimension(module, output), index, torch.nan)

    return hook


def channel_dimension(module: nn.Module, output: Tensor) -> int:
    """Return the dimension of a layer's output in which its channels lie."""
    if isinstance(module, nn.Linear):
        return output.dim() - 1
    if isinstance(module, _ConvNd):
        return output.dim() - len(module.kernel_size) - 1
    return 1


class _Deaf(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Lets what adds channels up hear nothing of those that are NaN."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        act = _ACTS.get(func._overloadpacket)
        if act is not None:
            return act(func, args, kwargs)
        if func not in _KEPT:
            with self:
                parts = func.decompose(*args, **kwargs)
                if parts is not NotImplemented:
                    return parts
        return func(*args, **kwargs)


def _convolution(func: Any, args: Any, kwargs: Any) -> Tensor:
    x, weight, bias, *rest = args
    y: Tensor = func(_heard(x), _heard(weight), bias, *rest, **kwargs)
    groups = rest[-1]
    lost = x.isnan().flatten(2).any(2).unflatten(1, (groups, -1)).all(2)  # shape [N, groups]
    if not lost.any():
        return y
    lost = lost.repeat_interleave(y.shape[1] // groups, 1)
    return y.masked_fill(lost.reshape(*lost.shape, *[1] * (y.dim() - 2)), torch.nan)


def _product(a: int, b: int) -> Any:
    """Return the act for a product of matrices that are the a-th and b-th argument."""

    def act(func: Any, args: Any, kwargs: Any) -> Tensor:
        left, right = args[a], args[b]
        heard = [_heard(x) if isinstance(x, Tensor) else x for x in args]
        y: Tensor = func(*heard, **kwargs)
        lost = left.isnan().all(-1, keepdim=True) | right.isnan().all(-2, keepdim=True)
        return y.masked_fill(lost, torch.nan) if lost.any() else y

    return act


def _attention(func: Any, args: Any, kwargs: Any) -> Any:
    lost = args[2].isnan().all(-2, keepdim=True)
    y, *rest = func(*(_heard(x) if isinstance(x, Tensor) else x for x in args), **kwargs)
    return (y.masked_fill(lost, torch.nan), *rest)


def _sum(func: Any, args: Any, kwargs: Any) -> Tensor:
    y: Tensor = func(_heard(args[0]), *args[1:], **kwargs)
    heard = func(args[0].isnan().logical_not().to(y.dtype), *args[1:], **kwargs)
    return y.masked_fill(heard == 0, torch.nan)


def _all_heard(func: Any, args: Any, kwargs: Any) -> Any:
    return func(*(_heard(x) if isinstance(x, Tensor) else x for x in args), **kwargs)


def _heard(x: Tensor) -> Tensor:
    """Return a tensor with zeros for NaN, laid out in memory as it was: a user's `view` may rest on that."""
    if not x.is_floating_point() or x.sum().isfinite():  # most have none, and a sum is the fastest way to know
        return x
    return x.masked_fill(x.isnan(), 0)


_ACTS: dict[Any, Any] = {
    aten.convolution: _convolution,
    aten.mm: _product(0, 1),
    aten.bmm: _product(0, 1),
    aten.addmm: _product(1, 2),
    aten.baddbmm: _product(1, 2),
    aten.sum: _sum,
    aten.mv: _all_heard,
    aten.dot: _all_heard,
    aten.mkldnn_rnn_layer: _all_heard,
    aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    aten._scaled_dot_product_flash_attention: _attention,
    aten._scaled_dot_product_efficient_attention: _attention,
    aten._scaled_dot_product_cudnn_attention: _attention,
}

_KEPT = {torch.ops.prim.device.default}

"""Multiply-accumulates where PyTorch carries them out, whatever module or function called for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry, sdpa_flop

aten = torch.ops.aten


@contextmanager
def multiplied() -> Iterator[list[int]]:
    """Record the multiply-accumulates of every convolution, product of matrices and attention inside.

    The formulas are PyTorch's (`torch.utils.flop_counter`), which counts each multiply-accumulate as two operations.
    The fused forms of whole layers are off meanwhile, as nothing can be seen in them.
    """
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with _Counter() as counter:
            yield counter.counts
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.counts: list[int] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        formula: Any = flop_registry.get(func._overloadpacket) or _OTHERS.get(func._overloadpacket)
        if formula is None and func is not torch.ops.prim.device.default:
            with self:
                parts = func.decompose(*args, **kwargs)
                if parts is not NotImplemented:
                    return parts
        result = func(*args, **kwargs)
        if formula is not None:
            self.counts.append(formula(*args, **kwargs, out_val=result) // 2)
        return result


_OTHERS = {
    aten._scaled_dot_product_flash_attention_for_cpu: sdpa_flop,
    aten.mkldnn_rnn_layer: lambda x, weight, recurrent, *others, out_val=None: (
        2 * x.shape[0] * x.shape[1] * (weight.numel() + recurrent.numel())
    ),
    aten.mv: lambda matrix, vector, out_val=None: 2 * matrix.numel(),
    aten.dot: lambda left, right, out_val=None: 2 * left.numel(),
}

"""Networks that put out more than logits, or that come compiled, made into plain ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from prunebench.common.errors import PrunebenchError

NAMES = ("logits", "out")
"""What logits are called where a network names its outputs, as torchvision's and Hugging Face's do."""


def with_one_output(network: nn.Module) -> nn.Module:
    """Return the network itself, which puts out its logits alone from now on.

    Of several outputs that one counts that the network's attribute `output` names, by place or by key; without one the
    first of a tuple, or what is called `logits` or `out`.
    """
    network.register_forward_hook(_only_logits)
    return network


def _only_logits(network: nn.Module, inputs: Any, output: Any) -> Tensor:
    return output if isinstance(output, Tensor) else logits(output, getattr(network, "output", None))


def logits(output: Any, wanted: int | str | None = None) -> Tensor:
    """Return the logits among a network's outputs.

    Args:
        output: what the network returned.
        wanted: place or key of the logits; None for the rule of `with_one_output`.

    Raises:
        PrunebenchError: there is no such output, or it is no tensor.
    """
    named = dict(output) if isinstance(output, Mapping) else getattr(output, "__dict__", {})
    if isinstance(output, tuple | list) and not isinstance(wanted, str):
        named = dict(enumerate(output))
    key = wanted if wanted is not None else next((name for name in (*NAMES, 0) if name in named), None)
    found = named.get(key)
    if isinstance(found, Tensor):
        return found
    has, missing = ", ".join(map(repr, named)) or "nothing", "" if wanted is None else f" and not {wanted!r}"
    raise PrunebenchError(
        f"the network returns {type(output).__name__}, and which of its outputs are the logits is not clear: it has "
        f"{has}{missing}; set the network's attribute `output` to the place or name of the logits"
    )


def uncompiled(network: nn.Module) -> nn.Module:
    """Return the network behind `torch.compile`, whole or in parts: what is pruned and counted must be seen."""
    plain = _behind(network)
    for name, module in list(plain.named_modules()):
        if _behind(module) is not module:
            plain.set_submodule(name, _behind(module))
        module._compiled_call_impl = None
    return plain


def _behind(module: nn.Module) -> nn.Module:
    return getattr(module, "_orig_mod", module) if isinstance(module, torch._dynamo.OptimizedModule) else module


def stubborn(network: nn.Module) -> str:
    """Return why a network cannot be copied or followed, and what to do; empty if it can."""
    for name, module in network.named_modules():
        where = name or "the network"
        if isinstance(module, torch.jit.ScriptModule):
            return f"{where} is scripted by TorchScript, which surgery cannot change: return it unscripted"
        if isinstance(module, torch._dynamo.OptimizedModule):
            return f"{where} is compiled, which surgery cannot change: return it without torch.compile"
        if any(is_lazy(parameter) for parameter in module.parameters(recurse=False)):
            return (
                f"{where} is lazy and has no weights yet: call the network once on images of its shape before it is "
                "returned, or write its width"
            )
        old = {"WeightNorm": "weight_norm", "SpectralNorm": "spectral_norm"}
        for hook in module._forward_pre_hooks.values():
            if new := old.get(type(hook).__name__):
                return (
                    f"{where} has the old torch.nn.utils.{new}, which cannot be copied: use "
                    f"torch.nn.utils.parametrizations.{new}"
                )
    return ""

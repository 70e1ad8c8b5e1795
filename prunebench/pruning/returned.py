"""What a method may return: a plan, a smaller network, or what PyTorch's own pruning makes of one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import prune as torch_prune

from prunebench.pruning.files import MethodError
from prunebench.pruning.masking import plan_of
from prunebench.pruning.plan import Plan


def normal(found: Any, network: nn.Module) -> Plan | nn.Module:
    """Return what a method has returned as a plan, or as a network without wrappers and masks left in place.

    Accepted are a plan; a network, also in DataParallel or compiled; a network with the masks of
    `torch.nn.utils.prune`, left or removed; and masks by module name, of the weight's shape, or in a mapping under
    `weight`, as NNI and ShrinkBench have them.

    Raises:
        MethodError: it is none of these.
    """
    if isinstance(found, Plan):
        return found
    if isinstance(found, nn.Module):
        return _permanent(_unwrapped(found))
    if isinstance(found, Mapping) and found:
        return _of_masks(found, network)
    if inspect.iscoroutine(found):
        found.close()
        raise MethodError("the method is `async` and returns a coroutine, not a Plan; write it as a plain function")
    raise MethodError(f"the method returns {type(found).__name__}, not a Plan; keep_uniform(scores, ratio) makes one")


def zeroed(network: nn.Module, small: nn.Module) -> Plan | None:
    """Return the masks under which a network of the same shapes has its zeros, None where it has other shapes or none.

    Args:
        network: the dense one.
        small: what a method made of it.
    """
    shapes = [{name: tensor.shape for name, tensor in n.state_dict().items()} for n in (network, small)]
    if shapes[0] != shapes[1]:
        return None
    kept = {}
    for name, module in network.named_modules():
        weight = dict(module.named_parameters(recurse=False)).get("weight")
        if weight is not None and weight.dim() > 1:
            left = small.get_submodule(name).get_parameter("weight") != 0
            if bool((~left & (weight != 0)).any()):
                kept[name] = left
    return plan_of(kept) if kept else None


def _unwrapped(found: nn.Module) -> nn.Module:
    parallel = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    inner = found.module if isinstance(found, parallel) else getattr(found, "_orig_mod", None)
    return _unwrapped(inner) if isinstance(inner, nn.Module) else found


def _permanent(found: nn.Module) -> nn.Module:
    """Make the masks of `torch.nn.utils.prune` permanent in what a method has returned, which is no longer its own."""
    if not torch_prune.is_pruned(found):
        return found
    if bias := [name for name, _ in found.named_buffers() if name.endswith("bias_mask")]:
        raise MethodError(f"the method masks {bias[0].removesuffix('_mask')}; a plan has masks of weights alone")
    for module in found.modules():
        if hasattr(module, "weight_mask"):
            torch_prune.remove(module, "weight")  # type: ignore[no-untyped-call]
    return found


def _of_masks(found: Mapping[str, Any], network: nn.Module) -> Plan:
    kept = {}
    for name, value in found.items():
        mask = value.get("weight") if isinstance(value, Mapping) else value
        weight = dict(network.named_parameters()).get(f"{name}.weight")
        if weight is None:
            raise MethodError(f"the method returns a mapping with {name!r}, which is no module with a weight")
        if mask is None:
            continue
        tensor = mask if isinstance(mask, Tensor) else torch.as_tensor(np.asarray(mask))
        if tensor.shape != weight.shape or not bool(((tensor == 0) | (tensor == 1)).all()):
            raise MethodError(
                f"the method returns a mapping, and that of {name} is no mask: wanted are 0 and 1 in the shape "
                f"{list(weight.shape)}; of scores per channel keep_uniform(scores, ratio) makes a Plan"
            )
        kept[name] = tensor.detach().cpu().bool()
    if not kept:
        raise MethodError("the method returns a mapping without masks of weights; a plan needs one at least")
    return plan_of(kept)

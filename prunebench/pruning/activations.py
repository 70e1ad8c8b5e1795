"""What layers put out, seen by hooks on a copy of the network."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn


def outputs(network: nn.Module, names: Sequence[str], images: Tensor) -> dict[str, Tensor]:
    """Return the outputs of some modules, in evaluation mode, in the order of the names.

    Args:
        network: it is not changed.
        names: of its modules; one that is not called has no entry.
        images: shape [N, C, H, W], on the network's device.
    """
    copy, seen = deepcopy(network).eval(), dict[str, Tensor]()
    for name in names:
        copy.get_submodule(name).register_forward_hook(lambda _, __, y, name=name: seen.update({name: y}))
    with torch.no_grad():
        copy(images)
    return {name: seen[name] for name in names if name in seen}

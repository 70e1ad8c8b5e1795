"""Residual blocks with the smallest scaling factor, dropped whole (sparse structure selection, Huang & Wang 2018)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from prunebench.pruning.context import Context
from prunebench.pruning.plan import Plan, PlanError

SHORTCUTS = ("shortcut", "downsample")
"""What our blocks and torchvision's call the branch that stays."""


def prune(network: nn.Module, ratio: float, context: Context) -> Plan:
    """Drop int(blocks * ratio) residual blocks.

    Raises:
        PlanError: the network has no residual blocks.
    """
    scales = {name: float(_scale(gate)) for name, gate in gates(network).items()}
    weakest = set(sorted(scales, key=lambda name: scales[name])[: int(len(scales) * ratio)])
    return Plan({}, {}, drop=tuple(name for name in scales if name in weakest))


def gates(network: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Return by residual block the parameters of the last layer of its branch.

    The paper multiplies a block's branch by a factor of its own. The last layer is linear in its parameters, so their
    root mean square is such a factor, and no network needs another parameter.

    Raises:
        PlanError: the network has no residual blocks.
    """
    found = {}
    for name, block in network.named_modules():
        if any(shortcut in dict(block.named_children()) or hasattr(block, shortcut) for shortcut in SHORTCUTS):
            layers = [m for n, m in block.named_modules() if n.split(".")[0] not in SHORTCUTS]
            found[name] = list([m for m in layers if list(m.parameters(recurse=False))][-1].parameters())
    if not found:
        raise PlanError(f"{type(network).__name__} has no residual blocks: none of its modules has a shortcut")
    return found


class BlockLasso:
    """L1 norm of the blocks' scaling factors: pulls whole blocks to zero (Huang & Wang 2018)."""

    def __init__(self, network: nn.Module, example: Tensor, strength: float) -> None:
        """Find the blocks.

        Args:
            network: whose gradients it acts on.
            example: not used.
            strength: factor of the penalty.

        Raises:
            PlanError: the network has no residual blocks.
        """
        self.strength, self.gates = strength, list(gates(network).values())

    def __call__(self, network: nn.Module) -> None:
        """Add the derivative of each factor, the root mean square of its parameters, to their gradients."""
        with torch.no_grad():
            for gate in self.gates:
                size = sum(parameter.numel() for parameter in gate)
                pull = self.strength / (size * _scale(gate)).clamp_min(1e-12)
                for parameter in gate:
                    if parameter.grad is not None:
                        parameter.grad.add_(parameter * pull)


def _scale(gate: list[nn.Parameter]) -> Tensor:
    everything = torch.cat([parameter.detach().flatten() for parameter in gate])
    return everything.square().mean().sqrt()

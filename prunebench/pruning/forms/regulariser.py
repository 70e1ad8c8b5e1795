"""NAME: one line that says what training prepares and what goes then, and whose idea it is (Author et al. year).

The network that is pruned is trained with a penalty: `regulariser` is called after every backward pass and adds to the
gradients. A method `after_epoch(network, epochs)` would be called after each epoch. The arms that follow, fine-tuning
and training from scratch, have no penalty. Then the method is called as any other: it only reads the network, removes
the share `ratio`, and has calibration images, labels, an example and a generator in `context`.

    prunebench check NAME.py:Prune                              whether it keeps to its contract, in seconds
    pytest claims -k candidate --pb-method NAME.py:Prune -n 4   what its weights and its architectures are worth
"""

import torch
from torch import nn

from prunebench.pruning import Context, Plan, keep_uniform, prunable

STRENGTH = 1e-4


class Prune:
    """Pulls the scales of batch normalisation to zero, and removes the smallest of every layer."""

    def regulariser(self, network: nn.Module) -> None:
        """Add the derivative of the penalty to the gradients."""
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d) and layer.weight.grad is not None:
                layer.weight.grad.add_(torch.sign(layer.weight.detach()), alpha=STRENGTH)

    def __call__(self, network: nn.Module, ratio: float, context: Context) -> Plan:
        """Return the plan: which channels each layer keeps."""
        norms = {group.name: group.norm for group in prunable(network, context.example)}
        return keep_uniform({name: norm.weight.abs() for name, norm in norms.items() if norm}, ratio)

"""NAME: one line that says what goes, and whose idea it is (Author et al. year).

A plan says which channels each layer keeps. The method only reads the network. `ratio` is the share to remove, in
[0, 1). `context` has calibration `images` [N, C, H, W] and their `labels` [N], an `example` to trace the network
with, and a `generator`, the only source of randomness that a method may use. `prunable` returns the places where
channels can be removed. A layer that the plan does not name keeps all; each keeps one channel at least.

    prunebench check NAME.py:Prune                              whether it keeps to its contract, in seconds
    pytest claims -k candidate --pb-method NAME.py:Prune -n 4   what its weights and its architectures are worth
"""

from torch import nn

from prunebench.pruning import Context, Plan, prunable


class Prune:
    """Keeps the first channels of every layer."""

    def __call__(self, network: nn.Module, ratio: float, context: Context) -> Plan:
        """Return the indices of the channels that each layer keeps, ascending, and how many it had."""
        channels = {group.name: group.channels for group in prunable(network, context.example)}
        keep = {name: tuple(range(max(1, int(count * (1 - ratio))))) for name, count in channels.items()}
        return Plan(keep, channels)

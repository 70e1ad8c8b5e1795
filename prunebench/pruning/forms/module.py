"""NAME: one line that says what goes, and whose idea it is (Author et al. year).

The method returns the smaller network itself, with whatever weights it has given it: fine-tuning starts from those,
training from scratch from fresh ones for the same shapes. Its modules must have the names that they have in `network`,
each with some of its channels, so that a plan can be read off; other architectures cannot be judged. `network` must
stay as it is: work on a copy. `ratio` is the share to remove, `context` has calibration images, labels, an example to
trace with and a generator, the only source of randomness that a method may use.

    prunebench check NAME.py:Prune                              whether it keeps to its contract, in seconds
    pytest claims -k candidate --pb-method NAME.py:Prune -n 4   what its weights and its architectures are worth
"""

import torch
from torch import nn

from prunebench.pruning import Context, keep_uniform, prunable
from prunebench.pruning.surgery import apply


class Prune:
    """Removes the channels with the smallest scales, and measures the statistics of the smaller network anew."""

    def __call__(self, network: nn.Module, ratio: float, context: Context) -> nn.Module:
        """Return the smaller network."""
        norms = {group.name: group.norm for group in prunable(network, context.example)}
        plan = keep_uniform({name: norm.weight.abs() for name, norm in norms.items() if norm}, ratio)
        small = apply(network, plan, context.example).train()
        with torch.no_grad():
            small(context.images)
        return small

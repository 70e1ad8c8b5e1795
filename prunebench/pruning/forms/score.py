"""NAME: one line that says which channels go, and whose idea it is (Author et al. year).

A score gives every channel a number; the lower ones go first. It only reads the network. `context` has calibration
`images` [N, C, H, W] and their `labels` [N], an `example` to trace the network with, and a `generator`, the only
source of randomness that a method may use. `prunable` returns the places where channels can be removed: each has a
`name`, a number of `channels`, their batch normalisation `norm` and the layer `producer` whose filters they are
(one of the two may be None).

How the removal is shared out: "uniform" takes the same share of every layer, "global" sets one threshold for all,
"protected" does so too and leaves every layer a tenth.

    prunebench check NAME.py:Prune                              whether it keeps to its contract, in seconds
    pytest claims -k candidate --pb-method NAME.py:Prune -n 4   what its weights and its architectures are worth
"""

from torch import Tensor, nn

from prunebench.pruning import Context, by_score, prunable


def score(network: nn.Module, context: Context) -> dict[str, Tensor]:
    """Return one number per channel, by the name of its group."""
    layers = {group.name: group.norm or group.producer for group in prunable(network, context.example)}
    return {name: layer.weight.reshape(len(layer.weight), -1).norm(dim=1) for name, layer in layers.items() if layer}


Prune = by_score(score, "uniform")

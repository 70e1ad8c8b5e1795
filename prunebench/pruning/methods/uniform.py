"""The same share of every layer, by batch-norm scale (the paper's uniform baseline of Figs. 3, 5 and 6)."""

from __future__ import annotations

from torch import Tensor, nn

from prunebench.pruning.compose import by_score
from prunebench.pruning.context import Context
from prunebench.pruning.methods import l1, slimming


def score(network: nn.Module, context: Context) -> dict[str, Tensor]:
    """Return the scales of batch normalisation; of a network that has none, the L1 norms of the filters."""
    return slimming.score(network, context) or l1.score(network, context)


prune = by_score(score)

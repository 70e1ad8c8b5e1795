"""The same share of every layer, by batch-norm scale (the paper's uniform baseline of Figs. 3, 5 and 6)."""

from __future__ import annotations

from prunebench.pruning.compose import by_score
from prunebench.pruning.methods.slimming import score

prune = by_score(score)

"""NAME: one line that says which channels go, and whose idea it is (Author et al. year).

An importance of Torch-Pruning, used as it is: it is called with a group, which is all that goes with the channels of
one layer, and returns a number per channel; the lower ones go first, the same share of every layer. Subclasses of
`TaylorImportance` find gradients in the parameters, those of `HessianImportance` mean squared gradients per image.
For another allocation over the layers write `Prune = from_importance(Importance(), "global")`, with
`from_importance` of `prunebench.pruning`.

    prunebench check NAME.py:Prune                              whether it keeps to its contract, in seconds
    pytest claims -k candidate --pb-method NAME.py:Prune -n 4   what its weights and its architectures are worth
"""

import torch_pruning as tp
from torch import Tensor


class Prune(tp.importance.Importance):  # type: ignore[misc]
    """The L2 norm of the weights that produce each channel."""

    def __call__(self, group: tp.dependency.Group) -> Tensor:
        """Return one number per channel of the group."""
        return tp.importance.GroupMagnitudeImportance(p=2)(group)  # type: ignore[no-any-return]

"""Channels that a LASSO on images keeps, then least squares for what reads them (He et al. 2017)."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import Tensor

from prunebench.pruning.readers import Sample
from prunebench.pruning.reconstruction import Reconstruction, ridge

PENALTIES, WEAKEST = 60, 1e-4
"""The penalties that are tried: from the one that keeps no channel down to a ten-thousandth of it."""

NOISE = 1e-9
"""Factors this much smaller than the largest are rounding errors, as those of a channel whose twin has its factor."""


def lasso(contributions: Tensor, outputs: Tensor, count: int) -> Tensor:
    """Weaken the penalty until `count` channels have a factor, and keep those with the largest (He et al. 2017).

    Args:
        contributions: of each channel to sampled outputs, [samples, channels].
        outputs: those of the dense network, [samples].
        count: channels to keep.

    Returns:
        The kept channels, ascending.
    """
    from sklearn.exceptions import ConvergenceWarning  # late: a run asks every method what it is, few runs use this one
    from sklearn.linear_model import lasso_path

    x, y = contributions.double().cpu(), outputs.double().cpu()
    gram, known, factors = (x.T @ x).numpy(), (x.T @ y).numpy(), np.zeros(x.shape[1])
    columns = np.asfortranarray(x.numpy())
    strongest = np.abs(known).max() / len(y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the choice needs no exact factors
        for penalty in strongest * np.geomspace(1, WEAKEST, PENALTIES):
            _, path, _ = lasso_path(
                columns, y.numpy(), alphas=[penalty], precompute=gram, Xy=known, coef_init=factors, check_input=False
            )
            factors = path[:, -1]
            if (np.abs(factors) > NOISE * np.abs(factors).max()).sum() >= count:
                break
    size = torch.from_numpy(np.abs(factors)) * x.norm(dim=0)
    best: Tensor = size.sort(descending=True, stable=True).indices
    return best[:count].sort().values


def least_squares(sample: Sample, kept: Tensor) -> Tensor:
    """Fit the weights that read the kept channels to the dense network's outputs (He et al. 2017)."""
    inputs, weight = sample.inputs[:, kept].flatten(1), sample.weight[:, kept].flatten(1)
    change = ridge(inputs, sample.wanted - inputs @ weight.T)
    fitted = torch.zeros_like(sample.weight)
    fitted[:, kept] = (weight + change.T.to(weight)).reshape_as(fitted[:, kept])
    return fitted


_method = Reconstruction(lasso, least_squares)
prune, inherit = _method.prune, _method.inherit

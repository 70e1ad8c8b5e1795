"""Epochs of Scratch-B."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunebench.specs.budget import policy, same_flops, stretched
from prunebench.specs.experiment import Recipe

CIFAR = Recipe(160, 0.1, (80, 120))
IMAGENET = Recipe(90, 0.1, (30, 60))


def test_cifar_has_no_cap_and_stretches_the_milestones():
    recipe = same_flops(CIFAR, 100, 40)
    assert (recipe.epochs, recipe.milestones) == (400, (200, 300))


def test_imagenet_is_capped_at_twice_the_epochs():
    assert same_flops(IMAGENET, 100, 10, cap=2).epochs == 180
    assert same_flops(IMAGENET, 150, 100, cap=2).epochs == 135


@pytest.mark.parametrize(("epochs", "steps"), [(117, (39, 78)), (145, (48, 96)), (179, (59, 119))])
def test_thirds_are_exact(epochs, steps):
    assert stretched(IMAGENET, epochs).milestones == steps


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_the_budget_is_never_exceeded_and_wastes_less_than_an_epoch(dense, extra):
    pruned = max(1, dense - extra % dense)
    epochs = same_flops(CIFAR, dense, pruned).epochs
    assert epochs * pruned <= CIFAR.epochs * dense * (1 + 1e-12) < (epochs + 1.000001) * pruned * (1 + 1e-9)


def test_the_policy_is_named():
    assert policy(None) == "flops"
    assert policy(2.0) == "flops capped at 2x"

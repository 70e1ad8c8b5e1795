"""How many channels each layer loses."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prunebench.pruning import PlanError, keep_global, keep_protected, keep_uniform

SCORES = st.dictionaries(
    st.sampled_from("abcde"), st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=8), min_size=1
)
RATIO = st.floats(0, 1, exclude_max=True)


@settings(max_examples=60)
@given(SCORES, RATIO)
def test_global_is_the_papers_rule_with_a_floor(scores: dict[str, list[float]], ratio: float) -> None:
    plan = keep_global({name: torch.tensor(values) for name, values in scores.items()}, ratio)
    ranked = sorted(value for values in scores.values() for value in values)
    threshold = ranked[int(len(ranked) * ratio)] if ratio else -math.inf
    saved = []
    for name, values in scores.items():
        above = tuple(i for i, value in enumerate(values) if value > threshold)
        saved += [] if above else [name]
        assert plan.keep[name] == (above or (values.index(max(values)),))
        assert plan.total[name] == len(values)
    assert list(plan.notes) == [
        f"{name} would have lost all of its {len(scores[name])} channels and keeps its best one" for name in saved
    ]


@settings(max_examples=60)
@given(SCORES, RATIO)
def test_uniform_keeps_the_best_of_every_layer(scores: dict[str, list[float]], ratio: float) -> None:
    plan = keep_uniform({name: torch.tensor(values) for name, values in scores.items()}, ratio)
    for name, values in scores.items():
        kept = max(1, int(len(values) * (1 - ratio)))
        best = sorted(range(len(values)), key=lambda i: (-values[i], i))[:kept]
        assert plan.keep[name] == tuple(sorted(best))


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.floats(0, 1, width=16), min_size=1, max_size=30), min_size=1, max_size=4), st.floats(0, 0.8)
)
def test_protected_is_global_with_the_best_tenth_of_every_layer(lists: list[list[float]], ratio: float) -> None:
    scores = {str(i): torch.tensor(values) + torch.arange(len(values)) * 1e-6 for i, values in enumerate(lists)}
    held = sum(math.ceil(len(values) / 10) for values in lists)
    total = sum(map(len, lists))
    if ratio and int(total * ratio) >= total - held:
        with pytest.raises(PlanError, match=rf"cannot be met: {held} of {total} channels are protected, a tenth of"):
            keep_protected(scores, ratio)
        return
    plan = keep_protected(scores, ratio)
    assert not plan.notes
    for name, score in scores.items():
        best = score.topk(math.ceil(len(score) / 10)).indices.tolist()
        assert set(best) <= set(plan.keep[name])
    removed = [score[plan.removed(name)].max() for name, score in scores.items() if plan.removed(name)]
    weakest = max(removed, default=-math.inf)
    for name, score in scores.items():
        kept = sorted(score[list(plan.keep[name])].tolist())
        assert all(value >= weakest for value in kept[: -math.ceil(len(score) / 10)])


@pytest.mark.parametrize(
    "kind",
    [list, np.asarray, lambda values: np.asarray(values, np.float32), lambda values: torch.tensor(values).double()],
)
def test_scores_may_be_lists_or_arrays_of_any_precision(kind) -> None:
    values = [0.5, -1.0, 2.0, 0.25]
    assert keep_global({"a": kind(values)}, 0.5) == keep_global({"a": torch.tensor(values)}, 0.5)


def test_ratio_zero_removes_nothing() -> None:
    scores = {"a": torch.tensor([0.0, 1, 2]), "b": torch.tensor([0.0])}
    assert keep_global(scores, 0).keep == keep_uniform(scores, 0).keep == {"a": (0, 1, 2), "b": (0,)}


def test_the_first_of_equal_channels_is_kept_in_wide_layers_too() -> None:
    assert keep_uniform({"a": torch.ones(5000)}, 0.5).keep["a"] == tuple(range(2500))


@pytest.mark.parametrize("keep", [keep_global, keep_uniform])
@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({}, "no scores: the method found no layer of this network that it can prune"),
        ({"a": torch.tensor([1.0, math.nan])}, "score of a, channel 1, is not a number"),
        ({"a": torch.ones(2, 3)}, r"scores of a have shape \[2, 3\]; expected one number per channel"),
    ],
)
def test_scores_that_say_nothing(keep, scores, message) -> None:
    with pytest.raises(PlanError, match=message):
        keep(scores, 0.5)

"""Plans are plain data that refuse to be wrong."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prunebench.pruning.plan import Plan, PlanError

LAYERS = st.dictionaries(
    st.text(min_size=1, max_size=8),
    st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), min_size=1))),
)


@settings(max_examples=30)
@given(LAYERS, st.lists(st.text(max_size=5)))
def test_a_plan_survives_json(layers: dict[str, tuple[int, set[int]]], notes: list[str]) -> None:
    keep = {name: tuple(sorted(kept)) for name, (_, kept) in layers.items()}
    plan = Plan(keep, {name: total for name, (total, _) in layers.items()}, tuple(notes))
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert all(sorted([*keep[name], *plan.removed(name)]) == list(range(plan.total[name])) for name in keep)


def test_any_sequence_of_integers_will_do() -> None:
    assert Plan({"a": range(2)}, {"a": 3}) == Plan({"a": (0, 1)}, {"a": 3})


@pytest.mark.parametrize(
    ("keep", "total", "message"),
    [
        ({"a": ()}, {"a": 4}, "a keeps no channel of 4: a network needs at least 1 in every layer"),
        ({"a": (0, 4)}, {"a": 4}, "a keeps channel 4; valid are 0 to 3"),
        ({"a": (-1, 2)}, {"a": 4}, "a keeps channel -1; valid are 0 to 3"),
        ({"a": (2, 1)}, {"a": 4}, r"a keeps channels \(2, 1\): indices must ascend, each once"),
        ({"a": (1, 1)}, {"a": 4}, r"a keeps channels \(1, 1\): indices must ascend, each once"),
        ({"a": (1,), "b": (0,)}, {"a": 4}, "keep and total name different layers: b is in one of them only"),
    ],
)
def test_a_wrong_plan_says_what_is_wrong(keep: Any, total: Any, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        Plan(keep, total)


@pytest.mark.parametrize("data", [None, [], {"keep": {}}, {"keep": {"a": 3}, "total": {"a": 4}, "notes": []}])
def test_other_json_is_no_plan(data: Any) -> None:
    with pytest.raises(PlanError, match="no plan: expected the keys keep, total and notes"):
        Plan.from_json(data)


def test_a_stored_plan_is_checked_too() -> None:
    with pytest.raises(PlanError, match="a keeps no channel"):
        Plan.from_json({"keep": {"a": []}, "total": {"a": 4}, "notes": []})


def test_a_plan_of_another_network_is_refused() -> None:
    plan = Plan({"features.norm1": (0,)}, {"features.norm1": 4})
    plan.check({"features.norm1": 4, "classifier": 10})
    with pytest.raises(
        PlanError, match=r"norm1 has 8 channels in this network and 4 in the plan: the plan was made for"
    ):
        plan.check({"features.norm1": 8})
    with pytest.raises(PlanError, match=r"has no layer 'features.norm1' .*; it has, for example, features.norm2"):
        plan.check({"features.norm2": 4, "x": 1})

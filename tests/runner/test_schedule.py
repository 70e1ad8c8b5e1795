"""The simulated schedule keeps the bounds that list scheduling keeps, and finds what can be found by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunebench.runner.schedule import Step, in_order, ranks, simulate


@st.composite
def graphs(draw):
    """A graph of up to 24 outcomes, each of which may start from those before it."""
    found = {}
    for number in range(draw(st.integers(1, 24))):
        before = draw(st.lists(st.sampled_from(sorted(found)), max_size=3)) if found else []
        found[f"{number:02}"] = Step(draw(st.integers(0, 50)), tuple(before))
    return found


@given(graphs(), st.integers(1, 9))
def test_between_the_critical_path_and_grahams_bound(graph, gpus):
    timing = simulate(graph, gpus)
    assert max(timing.critical, timing.work / gpus) <= timing.makespan + 1e-9
    assert timing.makespan <= (timing.work - timing.critical) / gpus + timing.critical + 1e-9
    assert timing.work == sum(step.seconds for step in graph.values())
    assert 0 <= timing.idle < 1


@given(graphs())
def test_one_gpu_is_never_idle_and_enough_take_the_critical_path(graph):
    alone, many = simulate(graph, 1), simulate(graph, len(graph))
    assert (alone.makespan, alone.idle) == (alone.work, 0)
    assert many.makespan == many.critical == max(ranks(graph).values())


@given(graphs())
def test_a_rank_is_an_outcome_and_the_longest_of_what_follows(graph):
    found = ranks(graph)
    for name, step in graph.items():
        after = [found[other] for other, own in graph.items() if name in own.inputs]
        assert found[name] == step.seconds + max(after, default=0)
    order = [*in_order(graph)]
    assert all(order.index(part) < order.index(name) for name, step in graph.items() for part in step.inputs)


def test_the_longest_way_goes_first():
    graph = {"a": Step(1), "b": Step(1), "long": Step(1), "end": Step(5, ("long",))}
    assert simulate(graph, 1).makespan == 8
    assert simulate(graph, 2).makespan == 6, "a schedule that begins with a and b takes 7"


def test_what_starts_from_itself_is_refused():
    with pytest.raises(ValueError, match="circle"):
        simulate({"a": Step(1, ("b",)), "b": Step(1, ("a",))}, 2)


def test_nothing_takes_no_time():
    assert (simulate({}, 3).makespan, simulate({}, 3).idle) == (0, 0)

"""Specs and their digests."""

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunebench.specs.experiment import (
    Dataset,
    Method,
    Network,
    Pruning,
    Recipe,
    Regulariser,
    Start,
    Training,
    digest,
    digest_of,
    document,
    options,
)

DENSE = Training(
    Dataset("digits", "ab", options(size=16)), Network("vgg", options(widths=[8, "M"])), Recipe(12), seed=0
)
PRUNING = Pruning(DENSE, Method("slimming"), 0.7)
FINETUNE = replace(DENSE, recipe=Recipe(3, lr=0.001), start=Start(PRUNING, "inherited"))

recipes = st.builds(
    Recipe,
    epochs=st.integers(1, 400),
    lr=st.floats(1e-6, 1),
    milestones=st.lists(st.integers(0, 400), max_size=3).map(tuple),
    nesterov=st.booleans(),
)
trainings = st.builds(replace, st.just(DENSE), recipe=recipes, seed=st.integers(0, 9))


def test_the_digest_of_the_fine_tuning_is_what_it_always_was():
    """A change here orphans every stored outcome: raise PROTOCOL only on purpose."""
    assert digest(FINETUNE) == "ae90baeda7780eaf77e32650aef0cc6ac6ac59e4d027e2a995d3a42c636b045a"


def test_a_fine_tuning_contains_the_pruning_and_the_dense_training():
    spec = document(FINETUNE)["spec"]
    assert spec["start"]["pruning"]["trained"]["recipe"] == {"epochs": 12}
    assert spec["start"]["pruning"]["ratio"] == 0.7


def test_fields_at_their_default_are_left_out():
    assert "regulariser" not in document(DENSE)["spec"]
    assert digest(replace(DENSE, regulariser=None)) == digest(DENSE)
    assert digest(replace(DENSE, regulariser=Regulariser("bn_l1", 0.1))) != digest(DENSE)


@given(trainings, trainings)
def test_digests_are_equal_exactly_where_specs_are(a, b):
    assert (digest(a) == digest(b)) == (a == b)


@given(trainings, st.floats(0, 0.99))
def test_what_an_outcome_starts_from_is_part_of_its_name(trained, ratio):
    arm = replace(DENSE, start=Start(Pruning(trained, Method("l1"), ratio)))
    assert (digest(arm) == digest(replace(DENSE, start=Start(Pruning(DENSE, Method("l1"), ratio))))) == (
        trained == DENSE
    )


@given(trainings)
def test_the_digest_follows_from_the_stored_document(spec):
    import json

    assert digest_of(json.loads(json.dumps(document(spec)))) == digest(spec)


def test_a_spec_with_a_number_that_is_none_has_no_digest():
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest(replace(DENSE, recipe=Recipe(1, lr=float("nan"))))


def test_specs_and_the_plugin_import_neither_torch_nor_mlflow():
    code = (
        "import sys, prunebench.plugin.hooks, prunebench.commands.app; "
        "print({'torch', 'mlflow', 'numpy', 'scipy'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

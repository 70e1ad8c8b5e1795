"""Specs from the JSON that they were stored as."""

import json

import pytest

from prunebench.common.errors import StoreError
from prunebench.specs.experiment import Dataset, Detection, Method, Network, Pruning, Recipe, Start, Training, document
from prunebench.specs.parsing import parse

DIGITS = Dataset("digits", "0" * 64)
DENSE = Training(DIGITS, Network("vgg"), Recipe(2, milestones=(1,)), 0)
PRUNED = Pruning(DENSE, Method("l1"), 0.5)
DETECTOR = Detection(DIGITS, Recipe(1), 0, DENSE)


@pytest.mark.parametrize(
    "spec",
    [
        DENSE,
        PRUNED,
        Training(DIGITS, Network("vgg"), Recipe(1), 1, Start(PRUNED, "inherited", DENSE)),
        DETECTOR,
        Pruning(DETECTOR, Method("l1"), 0.5, source=PRUNED),
        Detection(DIGITS, Recipe(1), 0, Pruning(DETECTOR, Method("l1"), 0.5)),
    ],
)
def test_a_spec_is_read_as_what_it_was(spec):
    assert parse(json.loads(json.dumps(document(spec)))) == spec


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("training", {"nothing": 1}),
        ("training", {"seed": {"a": 1}}),
        ("detection", {"start": {}}),
        ("cooking", {}),
    ],
)
def test_what_is_no_spec_is_said(kind, spec):
    with pytest.raises(StoreError, match="no spec of this version"):
        parse({"kind": kind, "protocol": 1, "spec": spec})

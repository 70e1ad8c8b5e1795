"""What a record says, against what its figures give."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunebench import statistics
from prunebench.judging.comparison import contradictions, inconsistencies, misjudged
from prunebench.judging.figures import of_record
from prunebench.judging.observed import Observed, differences
from prunebench.judging.published import verdict_record
from prunebench.judging.recorded_rows import job_of, row_of
from prunebench.judging.value import values
from prunebench.protocol.tables import load as load_tables
from prunebench.records.record import Record, load

RESULTS = Path(__file__).parents[2] / "leaderboard" / "results" / "smoke"
NAMES = ("scratch_b", "finetune")


@cache
def rows() -> list[Record]:
    return [load(path.read_text()) for path in sorted(RESULTS.glob("t4.*.json"))]


def recorded(verdict):
    return verdict_record("C08", verdict)


def read(record):
    return Observed(row_of(record), of_record(record), 3.0)


def gaps():
    return differences([read(row) for row in rows()], *NAMES)


def one(arm):
    return read(rows()[0])[arm]


def test_a_record_on_the_paper_s_own_dataset_needs_no_images():
    (file,) = RESULTS.parent.glob("quick-with-*/t1.cifar10.vgg-16-a.json")
    on_jpeg = load(file.read_text())
    assert job_of(on_jpeg).dataset.name == "cifar10-jpeg75"
    used = on_jpeg.dataset.model_copy(update={"used": "cifar10 32x32", "digest": "of their copy"})
    own = job_of(on_jpeg.model_copy(update={"tier": "quick", "dataset": used})).dataset
    assert (own.name, own.digest, own.train) == ("cifar10", "of their copy", 50_000)


@given(
    field=st.sampled_from(["difference", "lower", "upper", "p", "margin"]),
    by=st.floats(0.001, 1) | st.floats(-1, -0.001),
    row=st.sampled_from(range(11)),
)
def test_any_changed_number_is_named(field, by, row):
    verdict = recorded(read(rows()[row]).at_least(*NAMES))
    changed = verdict.model_copy(update={field: getattr(verdict, field) + by})
    (said,) = contradictions(changed, verdict)
    assert said.startswith(f"{field} is ")


def test_the_papers_own_verdict_is_compared_as_well():
    verdict = recorded(read(rows()[4]).at_least(*NAMES))
    assert verdict.paper
    lie = verdict.model_copy(update={"paper": verdict.paper.model_copy(update={"state": "REFUTED"})})
    assert contradictions(lie, verdict) == [f"paper.state is REFUTED, the numbers give {verdict.paper.state}"]


def test_rows_that_a_claim_has_lent_are_found_again():
    record = rows()[0]
    row = load_tables().row(record.row)
    for lent in (
        row.lent("F02", "random", method="random"),
        row.lent("F04", "95", ratio=0.95),
        row.lent("F07", "lr-0.1.x4", ratio=0.7379, setting="lr 0.1, 4 times the epochs"),
        row.lent("control"),
    ):
        facts = {"row": lent.id, "claims": list(lent.claims), "title": lent.title, "ratio": lent.ratio, "paper": {}}
        method = record.method.model_copy(update={"name": lent.method})
        assert row_of(record.model_copy(update={**facts, "method": method})) == lent


def test_the_value_of_the_weights_is_held_against_the_numbers():
    record = rows()[0]
    right = values({arm: read(record)[arm] for arm in record.arms}, 0.95)
    assert misjudged(record.model_copy(update={"values": right})) == []
    wrong = right["weight"].model_copy(update={"lower": 2.0})
    assert misjudged(record.model_copy(update={"values": {"weight": wrong}}))[0].startswith("values.weight.lower is 2,")
    assert misjudged(record.model_copy(update={"values": {"architecture": wrong}})), "its arms are not there"


def test_a_state_is_held_against_its_own_numbers():
    pair = recorded(statistics.at_least(*map(one, NAMES), 3.0, names=NAMES))
    assert inconsistencies(pair) == []
    for state in {"SUPPORTED", "REFUTED", "INCONCLUSIVE"} - {pair.state}:
        assert inconsistencies(pair.model_copy(update={"state": state}))
    assert "lies outside of its bounds" in inconsistencies(pair.model_copy(update={"difference": 50.0}))[0]


@pytest.mark.parametrize("state", ["SUPPORTED", "REFUTED"])
def test_what_is_open_is_not_called_settled(state):
    many = recorded(statistics.mean_greater(gaps(), names=NAMES)).model_copy(update={"p": 0.3, "state": state})
    said = inconsistencies(many)
    assert (state == "SUPPORTED") == any("with p = " in line for line in said)

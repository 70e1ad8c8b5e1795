"""Verdicts, derived again from the numbers of records."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prunebench import statistics
from prunebench.judging.observed import Observed, differences, within_std
from prunebench.judging.published import verdict_record
from prunebench.judging.rederive import contradictions, inconsistencies, job_of, misjudged, rederive, row_of
from prunebench.judging.retest import NotRederivableError, on_curves, on_numbers, on_sides
from prunebench.judging.value import values
from prunebench.protocol.tables import load as load_tables
from prunebench.records.parts import VerdictRecord
from prunebench.records.record import Record, load

RESULTS = Path(__file__).parents[2] / "leaderboard" / "results" / "smoke"
NAMES = ("scratch_b", "finetune")


@cache
def rows() -> list[Record]:
    return [load(path.read_text()) for path in sorted(RESULTS.glob("t4.*.json"))]


def recorded(verdict: statistics.Verdict) -> VerdictRecord:
    return verdict_record("C08", verdict)


def gaps():
    return differences([read(row) for row in rows()], *NAMES)


def read(record):
    return Observed(job_of(record), record)


def test_a_record_on_the_paper_s_own_dataset_needs_no_images():
    (file,) = RESULTS.parent.glob("quick-with-*/t1.cifar10.vgg-16-a.json")
    on_jpeg = load(file.read_text())
    assert job_of(on_jpeg).dataset.name == "cifar10-jpeg75"
    used = on_jpeg.dataset.model_copy(update={"used": "cifar10 32x32", "digest": "of their copy"})
    own = job_of(on_jpeg.model_copy(update={"tier": "quick", "dataset": used})).dataset
    assert (own.name, own.digest, own.train) == ("cifar10", "of their copy", 50_000)


def claim(name):
    """Return a published claim's record and those of its rows that are published."""
    found = load((RESULTS / f"{name}.json").read_text())
    files = (RESULTS / f"{row}.json" for row in found.rows)
    return found, [load(file.read_text()) for file in files if file.exists()]


def one(arm):
    return read(rows()[0])[arm]


@pytest.mark.parametrize(
    "verdict",
    [
        lambda: statistics.at_least(*map(one, NAMES), 3.0, names=NAMES),
        lambda: statistics.at_least(one("finetune"), one("dense"), 0.5, 0.9, names=("finetune", "dense")),
        lambda: statistics.equivalent(*map(one, NAMES), 1.0, names=NAMES),
        lambda: statistics.greater(*map(one, NAMES), names=NAMES),
    ],
)
def test_relations_of_one_row(verdict):
    made = recorded(verdict())
    assert contradictions(made, rederive(made, rows()[:1])) == []


@pytest.mark.parametrize(
    "verdict",
    [
        lambda: statistics.mean_at_least(gaps(), 3.0, names=NAMES),
        lambda: statistics.mean_equivalent(gaps(), 3.0, names=NAMES),
        lambda: statistics.mean_greater(gaps(), names=NAMES),
        lambda: statistics.every_at_least(gaps(), 3.0, names=NAMES),
        lambda: statistics.every_equivalent(gaps(), 3.0, names=NAMES),
        lambda: statistics.every_greater(gaps(), names=NAMES),
        lambda: statistics.any_greater(gaps(), 3.0, names=NAMES),
        lambda: statistics.count_at_least(gaps(), 8, names=NAMES),
        lambda: statistics.count_at_least(within_std(gaps()), 6, names=("scratch_b + one std", "finetune")),
    ],
)
def test_relations_of_many_rows(verdict):
    made = recorded(verdict())
    assert contradictions(made, rederive(made, rows())) == []


@pytest.mark.parametrize(
    ("relation", "over"),
    [
        ("planted at least finetune", 1),  # no record has the arm
        ("scratch_b nicer than finetune", 1),
        ("scratch_b at least finetune", 2),
        ("scratch_b at least finetune in each of 9 rows", 11),
        ("scratch_b at least finetune", 0),
    ],
)
def test_what_cannot_be_derived_is_not_called_fine(relation, over):
    verdict = recorded(statistics.at_least(*map(one, NAMES), 3.0, names=NAMES)).model_copy(
        update={"relation": relation}
    )
    with pytest.raises(NotRederivableError, match="cannot be derived again"):
        rederive(verdict, rows()[:over])


@given(
    field=st.sampled_from(["difference", "lower", "upper", "p"]),
    by=st.floats(0.001, 1) | st.floats(-1, -0.001),
    row=st.sampled_from(range(11)),
)
@settings(deadline=None)
def test_any_changed_number_is_named(field, by, row):
    verdict = rows()[row].verdicts[0]
    changed = verdict.model_copy(update={field: getattr(verdict, field) + by})
    (said,) = contradictions(changed, rederive(changed, [rows()[row]]))
    assert said.startswith(f"{field} is ")


def test_the_papers_own_verdict_is_derived_again_as_well():
    verdict = recorded(read(rows()[4]).at_least(*NAMES))
    assert verdict.paper
    assert contradictions(verdict, rederive(verdict, rows()[4:5])) == []
    lie = verdict.model_copy(update={"paper": verdict.paper.model_copy(update={"state": "REFUTED"})})
    said = contradictions(lie, rederive(lie, rows()[4:5]))
    assert said == [f"paper.state is REFUTED, the numbers give {verdict.paper.state}"]


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
    many = recorded(statistics.count_at_least(gaps(), 8, names=NAMES))
    assert inconsistencies(many) == []
    assert "with p = " in inconsistencies(many.model_copy(update={"state": "SUPPORTED"}))[0]


@pytest.mark.parametrize("figure", ["f5.left", "f5.right"])
def test_a_verdict_on_curves_follows_from_the_records_own(figure):
    record, _ = claim(f"pruned_no_better_than_uniform.{figure}")
    for verdict in (record.verdict, *record.aside):
        assert contradictions(verdict, on_curves(verdict, record)) == []
    name = record.verdict.relation.split(" ")[0]
    lower = [point.model_copy(update={"y": [y - 50 for y in point.y]}) for point in record.curves[name]]
    changed = record.model_copy(update={"curves": record.curves | {name: lower}})
    found = contradictions(record.verdict, on_curves(record.verdict, changed))
    assert found[0] == f"state is {record.verdict.state}, the numbers give REFUTED"


def test_fewer_parameters_for_the_same_accuracy_follow_from_the_curves():
    record, _ = claim("slimming_needs_5_times_fewer_parameters")
    assert contradictions(record.verdict, on_curves(record.verdict, record)) == []


@pytest.mark.parametrize(
    "name", ["l1_both_ways_from_scratch_in_every_row", "sss_scratch_b_above_both", "predefined_targets_from_scratch"]
)
def test_sides_of_several_arms_are_found_again(name):
    record, beside = claim(name)
    assert contradictions(record.verdict, rederive(record.verdict, beside)) == []
    lie = record.verdict.model_copy(update={"difference": 9.0})
    assert contradictions(lie, rederive(lie, beside))[0].startswith("difference is 9, the numbers give")


@pytest.mark.parametrize(
    "verdict",
    [
        lambda: statistics.greater(one("dense"), one("finetune"), names=("found there", "moved"), unit="seconds"),
        lambda: statistics.every_greater(gaps(), names=("finetune at some rate", "scratch"), unit="% of the weights"),
        lambda: statistics.mean_equivalent(gaps(), 2.0, names=("the best rival", "all others")),
        lambda: statistics.any_greater(gaps(), 0.5, names=("a", "b")),
        lambda: statistics.count_at_least(gaps(), 4, margin=1.5, names=("shuffled", "mask of its own")),
        lambda: statistics.count_at_least(within_std(gaps()), 4, names=("scratch_e + one std", "finetune")),
    ],
)
def test_a_verdict_follows_from_its_own_sides_whatever_they_are_called(verdict):
    made = recorded(verdict())
    assert contradictions(made, on_sides(made)) == []
    lower = [s.model_copy(update={"a": s.a.model_copy(update={"mean": s.a.mean - 40})}) for s in made.sides]
    lie = made.model_copy(update={"sides": lower})
    assert contradictions(lie, on_sides(lie))


SHARES = [[0.2, 0.5, 0.9], [0.3, 0.4, 0.8], [0.25, 0.5, 0.7]]
SCORES = [
    {"a": [1.0, 2, 3], "b": [2.0, 2, 5], "c": [4.0, 5, 5]},
    {"a": [0.0, 1, 1], "b": [3.0, 1, 2], "c": [2.0, 2, 4]},
    {"a": [5.0, 1, 1], "b": [2.0, 0, 1], "c": [1.0, 2, 2]},
]


@pytest.mark.parametrize(
    "verdict",
    [
        lambda: statistics.consistent(SHARES, 0.1, name="kept share of the layers"),
        lambda: statistics.uneven(SHARES, 0.2, name="kept share of a kernel"),
        lambda: statistics.even(SHARES, 0.2),
        lambda: statistics.slope_below({0.5: [3.0, 4], 1: [2.0, 3], 2: [1.0, 1.5]}, name="gap", axis="epochs"),
        lambda: statistics.tau_greater(SCORES[0], SCORES[1], names=("finetune", "scratch_b", "")),
        lambda: statistics.tau_greater(*SCORES, names=("finetune", "scratch_b", "weight value")),
    ],
)
def test_what_compares_no_samples_follows_from_its_own_numbers(verdict):
    made = VerdictRecord.model_validate_json(recorded(verdict()).model_dump_json())
    assert contradictions(made, on_numbers(made)) == []
    turned = {name: [[-2 * v for v in values] for values in given] for name, given in made.numbers.items()}
    turned |= {name: turned[name][::-1] for name in list(turned)[:1]}
    assert contradictions(made, on_numbers(made.model_copy(update={"numbers": turned})))


@pytest.mark.parametrize("numbers", [{"patterns": [[0.1], [0.2, 0.3]]}, {"patterns": [[], []]}, {"x": [[1.0]]}])
def test_numbers_that_no_test_takes_are_told(numbers):
    made = recorded(statistics.uneven(SHARES, 0.2)).model_copy(update={"numbers": numbers})
    with pytest.raises(NotRederivableError, match="cannot be derived again from the numbers in its record"):
        on_numbers(made)


def test_a_verdict_without_sides_cannot_be_derived_from_them():
    with pytest.raises(NotRederivableError, match="cannot be derived again from what its record has"):
        on_sides(recorded(statistics.at_least(one("dense"), one("finetune"), 1.0)).model_copy(update={"sides": []}))

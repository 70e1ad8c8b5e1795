"""Rows that compare nothing: what they do to a verdict, and when a claim leaves them out or compares them."""

from dataclasses import replace

import pytest

from prunebench.judging.claim import Case
from prunebench.judging.from_records import FromRecords
from prunebench.judging.observed import Observed, differences
from prunebench.judging.settings import as_recorded
from prunebench.judging.unfit import comparing, fair, reasons
from prunebench.protocol import tables
from prunebench.records.parts import ArmFigures, RowFigures
from prunebench.statistics import every_at_least

ROWS = [tables.load().row(name) for name in ("t4.cifar10.vgg-19.70", "t4.cifar100.vgg-19.50", "t1.cifar10.vgg-16-a")]
PAIR = ("scratch_b", "finetune")


def observed(row, *levels):
    """Return a row whose dense network, Scratch-B and fine-tuned network have these accuracies, seed by seed alike."""
    arms = {
        name: ArmFigures(seeds=[0, 1, 2], accuracy=[level, level + 0.2, level - 0.1], digests=[f"{row.id} {name}"])
        for name, level in zip(("dense", *PAIR), levels, strict=True)
    }
    figures = RowFigures(dataset="digits", resolution=100 / 599, chance=10.5, arms=arms)
    return Observed(row, figures, 1.0, used={*PAIR})


@pytest.fixture
def seen():
    """Two rows with arms near their dense network, and one that is ruined in both arms."""
    return [observed(ROWS[0], 98, 97.6, 97), observed(ROWS[1], 98, 97.5, 97.1), observed(ROWS[2], 98, 40, 41)]


@pytest.fixture
def case(seen):
    made = Case(as_recorded("smoke"), FromRecords({}), "S04", "no_weights", "None.", "1", one_row=False)
    made.observed.update({row.row.id: row for row in seen})
    return made


def verdict(rows):
    return every_at_least(differences(rows, *PAIR), 1.0, names=PAIR)


def test_a_ruined_row_keeps_a_sentence_about_every_row_open(case, seen):
    found = case.fair(verdict(seen))
    assert (found.state, found.lower) == ("INCONCLUSIVE", -100.0)
    assert found.reason == (
        "Compares nothing: every arm of t1.cifar10.vgg-16-a that is compared lies 57 points or more below its "
        "dense network."
    )


def test_a_sentence_about_networks_that_learn_leaves_it_out_and_says_so(case, seen):
    seen[2].used.clear()
    rows = comparing(seen, *PAIR)
    assert rows == seen[:2]
    assert seen[2].used == {*PAIR}, "its figures go into the record, so that it can be derived again"
    found = case.fair(verdict(rows), rows)
    assert (found.state, found.relation) == ("SUPPORTED", "scratch_b at least finetune in each of 2 rows")
    assert found.reason.endswith("1 of 3 rows are left out, as they compare nothing.")
    assert case.fair(found, rows) == found, "it is said once"


def test_where_none_compares_anything_the_verdict_says_why(case, seen):
    ruined = seen[2:]
    assert comparing(ruined, *PAIR) == ruined
    assert case.fair(verdict(ruined), ruined).reason.startswith("Compares nothing: ")


def test_rows_that_are_compared_with_each_other_may_be_ruined(case, seen):
    """Which method is best is told by a ruined network as well: of none it is asked that it compares its own arms."""
    found = verdict(seen)
    assert case.fair(found, ()) == found


def test_a_planted_arm_may_be_as_bad_as_it_likes(case, seen):
    found = verdict(seen)
    assert replace(case, claim="control").fair(found) == found


def test_a_dense_network_at_chance_is_a_reason_whatever_is_compared():
    lost = observed(ROWS[0], 10.6, 97, 97)
    assert next(reasons(lost, ())).startswith("dense of t4.cifar10.vgg-19.70 is at chance: it is right on 10.6 %")
    assert fair(verdict([lost]), [lost]).state == "INCONCLUSIVE"

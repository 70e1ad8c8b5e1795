"""Comparing observed rows."""

from dataclasses import replace

import pytest
from tiny import TINY

from prunebench import record, tables
from prunebench.claim import Observed, differences, paper_count, twins, within_std, write
from prunebench.jobs import job
from prunebench.statistics import Difference, Sample

SLIMMING = tables.load().of_table("4")


@pytest.fixture(scope="module")
def observed(used_house):
    path = used_house.path / "data" / "records" / "tiny" / "t4.imagenet.vgg-11.50.json"
    return Observed(job(tables.load().row("t4.imagenet.vgg-11.50"), TINY), record.load(path.read_text()))


def test_an_arm_is_the_sample_of_its_last_epochs(observed):
    found = observed.record.arms["finetune"]
    assert observed["finetune"].mean == pytest.approx(sum(found.accuracy) / 2)
    assert observed["finetune"].resolution == pytest.approx(100 / 599)
    assert found.accuracy[0] == pytest.approx(found.curves[0].test_accuracy[-1], abs=1e-3)


def test_rows_that_share_their_outcomes_are_one_observation(observed):
    other = Observed(observed.job, observed.record.model_copy(deep=True))
    other.record.arms["finetune"].digests[0] = "0" * 64
    assert [d.weight for d in differences([observed, observed, other], "scratch_b", "finetune")] == [2, 1]


def test_within_one_std_lifts_by_the_std_of_the_other_side():
    rows = [Difference(Sample(90, 1, 5), Sample(91, 0.5, 5), 2)]
    assert within_std(rows) == [Difference(Sample(90.5, 1, 5), Sample(91, 0.5, 5), 2)]


def test_the_papers_own_count_is_8_of_10():
    """Paper p.6: Scratch-B beats fine-tuning in 8 of the 10 CIFAR rows of Table 4."""
    numbers = [row.paper for row in SLIMMING if row.dataset.startswith("CIFAR")]
    fakes = [type("Fake", (), {"record": type("R", (), {"paper": paper})}) for paper in numbers]
    assert paper_count(fakes, "scratch_b", "finetune") == "8 of 10"


def test_rows_that_come_to_the_same_in_a_tier_are_named():
    work = job(tables.load().row("t4.cifar10.densenet-40.60"), TINY)
    assert twins(work) == ["t4.cifar100.densenet-40.60"]
    assert twins(replace(work, row=replace(work.row, ratio=0.5))) == []


def test_a_record_that_did_not_change_is_not_written_again(observed, tmp_path):
    path = write(observed.record, tmp_path)
    before = path.stat().st_mtime_ns
    assert write(observed.record, tmp_path).stat().st_mtime_ns == before
    assert record.load(path.read_text()) == observed.record

"""Comparing observed rows."""

import errno
import tempfile
from dataclasses import replace

import pytest
from tiny import TINY

from prunebench.judging.claim import write
from prunebench.judging.figures import of_record
from prunebench.judging.observed import Observed, curve, differences, paper_count, paper_curves
from prunebench.judging.settings import resolve
from prunebench.protocol import tables
from prunebench.protocol.assignment import job
from prunebench.records import record
from prunebench.records.parts import RowFigures

SLIMMING = tables.load().of_table("4")


@pytest.fixture(scope="module")
def observed(used_house):
    path = used_house.path / "data" / "records" / "tiny" / "t4.imagenet.vgg-11.50.json"
    found = record.load(path.read_text())
    return Observed(tables.load().row("t4.imagenet.vgg-11.50"), of_record(found), TINY.margin, found)


def bare(row):
    return Observed(row, RowFigures(dataset="digits", resolution=0.1, arms={}), TINY.margin)


def test_an_arm_is_the_sample_of_its_last_epochs(observed):
    found = observed.record.arms["finetune"]
    assert observed["finetune"].mean == pytest.approx(sum(found.accuracy) / 2)
    assert observed["finetune"].resolution == pytest.approx(100 / 599)
    assert found.accuracy[0] == pytest.approx(found.curves[0].test_accuracy[-1], abs=1e-3)


def test_rows_that_share_their_outcomes_are_one_observation(observed):
    other = replace(observed, figures=observed.figures.model_copy(deep=True))
    other.figures.arms["finetune"].digests[0] = "0" * 64
    assert [d.weight for d in differences([observed, observed, other], "scratch_b", "finetune")] == [2, 1]


def test_the_papers_own_count_is_8_of_10():
    """Paper p.6: Scratch-B beats fine-tuning in 8 of the 10 CIFAR rows of Table 4."""
    rows = [bare(row) for row in SLIMMING if row.dataset.startswith("CIFAR")]
    assert paper_count(rows, ("scratch_b", "finetune")) == "8 of 10"
    assert paper_count(rows, ("scratch_b", "finetune"), ("scratch_e", "finetune")) == "12 of 20"


def test_drops_count_as_accuracies_do():
    """Paper, Table 2: both ways of training from scratch lose less than fine-tuning in 9 of 12 comparisons."""
    rows = [bare(row) for row in tables.load().of_table("2")]
    assert paper_count(rows, ("scratch_e", "finetune"), ("scratch_b", "finetune")) == "9 of 12"


def test_the_papers_curves_are_compared_at_equal_shares():
    """Fig. 3 (right): magnitude lies below uniform at 30 %, 93.657 to 93.673, and above elsewhere."""
    said = paper_curves(tables.load().of_table("f3.right"), "magnitude", "uniform_sparse")
    assert said == "Fig. 3 (right), equal shares removed: magnitude above in 8 of 9, +0.63 on the mean"


def test_a_curve_has_a_point_per_size(observed):
    (point,) = curve([observed, observed], "scratch_b")
    sizes = [pruned.size.parameters for pruned in observed.record.pruned]
    assert point.x == pytest.approx(sum(sizes) / 2, abs=0.1)
    assert point.y == observed.record.arms["scratch_b"].accuracy


def test_rows_that_come_to_the_same_in_a_tier_are_named(tmp_path):
    work = job(tables.load().row("t4.cifar10.densenet-40.60"), TINY)
    settings = resolve(tmp_path, tier=TINY.name)
    assert settings.twins(work) == ["t4.cifar100.densenet-40.60"]
    assert settings.twins(replace(work, row=replace(work.row, ratio=0.55))) == []


def test_a_record_that_did_not_change_is_not_written_again(observed, tmp_path):
    path = write(observed.record, tmp_path)
    assert path == tmp_path / "tiny" / "t4.imagenet.vgg-11.50.json"
    before = path.stat().st_mtime_ns
    assert write(observed.record, tmp_path).stat().st_mtime_ns == before
    assert record.load(path.read_text()) == observed.record


def test_a_record_goes_elsewhere_where_nothing_may_be_written(observed, tmp_path, monkeypatch):
    def guarded(path, content, **options):
        if path.is_relative_to(tmp_path / "theirs"):
            raise OSError(errno.EROFS, "Read-only file system")
        path.write_text(content)

    monkeypatch.setattr("prunebench.judging.claim.write_whole", guarded)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.warns(UserWarning, match="nothing may be written to .*theirs; the record is in"):
        path = write(observed.record, tmp_path / "theirs")
    assert record.load(path.read_text()) == observed.record

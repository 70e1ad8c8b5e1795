"""Records judged anew: what a change of the margin or of a test does to verdicts of trainings that are done."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leaderboard.__main__ import app
from leaderboard.site.collect import NoRecordsError
from leaderboard.submissions.rejudge import rejudge
from leaderboard.submissions.validate import RESULTS, validate

ROW = "t4.cifar10.vgg-19.70"


@pytest.fixture
def record(tmp_path: Path) -> Path:
    (tmp_path / "smoke").mkdir()
    return Path(shutil.copy(RESULTS / "smoke" / f"{ROW}.json", tmp_path / "smoke"))


def test_a_record_of_this_version_stays_as_it_is(record: Path, tmp_path: Path) -> None:
    before = record.read_bytes()
    done = rejudge(tmp_path)
    assert (done.records, done.written, done.changed, done.left) == (1, [], [], [])
    assert record.read_bytes() == before


def test_a_record_of_another_margin_is_judged_by_this_one(record: Path, tmp_path: Path) -> None:
    right = record.read_text()
    told = json.loads(right)
    told["verdicts"][0] |= {"margin": 90.0, "state": "REFUTED", "reason": "of another time"}
    record.write_text(json.dumps(told))
    done = CliRunner().invoke(app, ["rejudge", str(tmp_path)])
    assert done.exit_code == 0, done.output
    state = json.loads(right)["verdicts"][0]["state"]
    assert f"smoke/{ROW}, scratch_b at least finetune: REFUTED -> {state}" in done.output
    assert "1 records, 1 written, 1 verdicts with another state" in done.output
    assert record.read_text() == right, "provenance and command stay, as the trainings are the same"
    assert validate([tmp_path]).valid


def test_a_record_that_no_test_makes_is_left(record: Path, tmp_path: Path) -> None:
    told = json.loads(record.read_text())
    told["verdicts"][0]["claim"] = "C33"
    record.write_text(text := json.dumps(told))
    (line,) = rejudge(tmp_path).left
    assert "no claim test here makes the record t4.cifar10.vgg-19.70 of claim C33" in line
    assert record.read_text() == text


def test_a_folder_without_records_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoRecordsError, match="no records in"):
        rejudge(tmp_path)

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leaderboard.site.collect import NoRecordsError, export, file_name, from_folder, from_store
from prunebench.records.mlflow_store import connect, own_runs
from prunebench.records.record import AnyRecord, ClaimRecord, Record, dump
from prunebench.records.tracking import Tracker
from prunebench.specs.experiment import PROTOCOL


def nowhere(digest: str, part: str) -> None:
    return None


def test_store_gives_back_the_newest_complete_records_and_says_what_it_left_out(
    uri: str, make_record: Callable[..., Record], make_claim: Callable[..., ClaimRecord]
) -> None:
    tracker, claim = Tracker(uri), make_claim()
    old, new = make_record(seeds=1), make_record(seeds=1, notes=["changed"])
    for record in (old, claim, new):
        tracker.log(record, nowhere)
    client = connect(uri)
    experiment = own_runs(client)[0].info.experiment_id
    client.create_run(experiment, run_name="by hand")
    half = {"pb.kind": "row", "pb.tier": "smoke", "pb.row": "t1.half", "pb.record": "0" * 64}
    client.create_run(experiment, tags=half)

    found = from_store(uri)
    assert found.records == [claim, new]
    assert len(found.skipped) == 2
    assert "(by hand): not logged by prunebench" in found.skipped[0]
    assert "(t1.half): half-written" in found.skipped[1]


def test_record_that_came_back_counts_although_another_is_younger(
    uri: str, make_claim: Callable[..., ClaimRecord]
) -> None:
    tracker, first, second = Tracker(uri), make_claim(paper="first"), make_claim(paper="second")
    for record in (first, second, first):
        tracker.log(record, nowhere)
    assert from_store(uri).records == [first]


def test_run_whose_artifact_is_gone_is_skipped(uri: str, make_claim: Callable[..., ClaimRecord]) -> None:
    tracker = Tracker(uri)
    for name in ("gone", "kept"):
        tracker.log(make_claim(name), nowhere)
    (run,) = (run for run in own_runs(connect(uri)) if run.info.run_name == "gone")
    Path(run.info.artifact_uri, "record.json").unlink()
    found = from_store(uri)
    assert [record.name for record in found.records if isinstance(record, ClaimRecord)] == ["kept"]
    assert "(gone): its record.json cannot be read" in found.skipped[0]


def test_store_that_is_empty_or_missing_names_what_to_run(uri: str, tmp_path: Path) -> None:
    missing = tmp_path / "none" / "mlflow.db"
    for address in (uri, f"sqlite:///{missing}"):
        with pytest.raises(NoRecordsError, match=r"nothing is logged in sqlite:.*; `pytest claims"):
            from_store(address)
    assert not missing.parent.exists()


def test_exported_records_are_read_back(
    tmp_path: Path, make_record: Callable[..., Record], make_claim: Callable[..., ClaimRecord]
) -> None:
    other = make_record("b", tier="paper", protocol=PROTOCOL + 1)
    records: list[AnyRecord] = [make_claim(), make_record("a/b"), make_record("b", tier="paper"), other]
    files = export(records, tmp_path)
    assert [file.parent.name for file in files] == ["smoke", "smoke", "paper", f"paper~{PROTOCOL + 1}"]
    assert sorted(map(dump, from_folder(tmp_path).records)) == sorted(map(dump, records))


def test_folder_with_damaged_and_contradicting_files_says_so(
    tmp_path: Path, make_claim: Callable[..., ClaimRecord]
) -> None:
    (tmp_path / "a.json").write_text(dump(make_claim(paper="first")))
    (tmp_path / "b.json").write_text(dump(make_claim(paper="second")))
    (tmp_path / "c.json").write_text("{")
    (tmp_path / "d.json").write_text('{"schema_version": 2}')
    found = from_folder(tmp_path)
    assert [record.paper for record in found.records] == ["first"]
    assert [line.partition(":")[0] for line in found.skipped] == ["b.json", "c.json", "d.json"]
    assert "a record of schema 2; this prunebench reads schema 1" in found.skipped[2]
    with pytest.raises(NoRecordsError, match="leaderboard export"):
        from_folder(tmp_path / "none")


def test_name_becomes_a_safe_file_name_and_stays_unique() -> None:
    assert file_name("t4.cifar10.vgg-19.70") == "t4.cifar10.vgg-19.70"
    hostile = ["../../etc/passwd", "..", "a/b", "a b", "<script>", "", "ä" * 300]
    names = [file_name(name) for name in hostile]
    assert len(set(names)) == len(hostile)
    assert all(name.strip(".-") == name and "/" not in name and len(name) < 100 and name.isascii() for name in names)

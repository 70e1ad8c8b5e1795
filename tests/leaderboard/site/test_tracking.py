from __future__ import annotations

import importlib
import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from houses import empty_database

from prunebench.records.course import Curve
from prunebench.records.mlflow_store import artifact_text, connect, own_runs, plain_words
from prunebench.records.record import AnyRecord, ClaimRecord, Record, load, record_digest
from prunebench.records.tracking import Tracker, TrackingError, resolve_uri


def spec_of(digest: str, part: str) -> str | None:
    return json.dumps({"digest": digest}) if part == "spec.json" else None


def nowhere(digest: str, part: str) -> None:
    return None


def runs_of(uri: str, **tags: str) -> list[Any]:
    found = own_runs(connect(uri))
    return [run for run in found if all(run.data.tags.get(f"pb.{key}") == value for key, value in tags.items())]


def test_address_is_the_option_then_the_environment_then_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert resolve_uri(None, tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert resolve_uri(None, tmp_path) == "http://127.0.0.1:5000"
    assert resolve_uri("sqlite:///other.db", tmp_path) == "sqlite:///other.db"


def test_importing_the_module_imports_no_mlflow() -> None:
    code = "import sys, prunebench.records.tracking; sys.exit('mlflow' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_record_becomes_a_run_with_a_nested_run_per_arm_and_seed(
    uri: str, make_record: Callable[..., Record], capfd: pytest.CaptureFixture[str]
) -> None:
    record = make_record(seeds=2)
    assert Tracker(uri).log(record, spec_of) == 1 + 6 * 2
    assert capfd.readouterr() == ("", "")

    client = connect(uri)
    (row,) = runs_of(uri, kind="row")
    assert row.data.tags["pb.record"] == record_digest(record)
    assert row.data.tags["pb.claim"] == "C02,C04,C08"
    assert row.data.tags["pb.verdict"] == "SUPPORTED"
    assert row.data.params["dataset"] == "digits 16x16"
    assert row.data.metrics["accuracy/scratch_b"] == pytest.approx(sum(record.arms["scratch_b"].accuracy) / 2)
    assert row.data.metrics["C08_scratch_b_at_least_finetune/lower"] == record.verdicts[0].lower
    assert load(artifact_text(client, row, "record.json")) == record
    assert client.get_experiment(row.info.experiment_id).name == "prunebench/smoke/section 4.2"

    (training,) = runs_of(uri, kind="training", arm="finetune", seed="1")
    arm = record.arms["finetune"]
    assert training.data.tags["mlflow.parentRunId"] == row.info.run_id
    assert training.data.tags["pb.digest"] == arm.digests[1]
    assert training.data.params["epochs"] == "3"
    assert training.info.status == "FINISHED"
    assert training.info.end_time - training.info.start_time == round(1000 * arm.seconds[1])
    history = client.get_metric_history(training.info.run_id, "test_accuracy")
    assert [(m.step, m.value) for m in history] == list(enumerate(arm.curves[1].test_accuracy, start=1))
    assert [file.path for file in client.list_artifacts(training.info.run_id)] == ["spec.json"]


def test_logging_again_adds_nothing(
    uri: str, make_record: Callable[..., Record], make_claim: Callable[..., ClaimRecord]
) -> None:
    tracker = Tracker(uri)
    records: list[AnyRecord] = [make_record(seeds=1), make_claim()]
    assert [tracker.log(record, nowhere) for record in records] == [1 + 6, 1]
    assert [tracker.log(record, nowhere) for record in records] == [0, 0]
    assert [Tracker(uri).log(record, nowhere) for record in records] == [0, 0]


def test_training_that_rows_share_is_logged_under_the_first(uri: str, make_record: Callable[..., Record]) -> None:
    tracker = Tracker(uri)
    tracker.log(make_record(row="first", key="same", seeds=1), nowhere)
    assert tracker.log(make_record(row="second", key="same", seeds=1), nowhere) == 1
    assert len(runs_of(uri, row="first")) == 1 + 6


def test_changed_record_supersedes_the_older_one_and_may_come_back(
    uri: str, make_record: Callable[..., Record]
) -> None:
    tracker, one, two = Tracker(uri), make_record(seeds=1), make_record(seeds=2, notes=["a second seed"])
    tracker.log(one, nowhere)
    assert tracker.log(two, nowhere) == 1 + 6
    old, new = runs_of(uri, kind="row")
    assert old.data.tags["pb.superseded"] == new.info.run_id
    assert "pb.superseded" not in new.data.tags

    assert Tracker(uri).log(one, nowhere) == 0
    old, new = runs_of(uri, kind="row")
    assert "pb.superseded" not in old.data.tags
    assert new.data.tags["pb.superseded"] == old.info.run_id


def test_run_that_was_cut_short_is_replaced(uri: str, make_record: Callable[..., Record]) -> None:
    record = make_record(seeds=1)

    def killed(digest: str, part: str) -> None:
        if digest == record.arms["scratch_e"].digests[0]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Tracker(uri).log(record, killed)
    assert sum("pb.complete" not in run.data.tags for run in runs_of(uri)) == 2

    assert Tracker(uri).log(record, nowhere) == 3  # the row, scratch_e and scratch_b
    assert len(runs_of(uri, complete="1")) == len(runs_of(uri)) == 1 + 6


def test_claim_is_one_run(uri: str, make_claim: Callable[..., ClaimRecord]) -> None:
    claim = make_claim(rows=["a", "b"])
    Tracker(uri).log(claim, nowhere)
    (run,) = runs_of(uri, kind="claim")
    assert run.data.tags["pb.claim"] == "C08"
    assert run.data.params["rows"] == "a,b"
    assert load(artifact_text(connect(uri), run, "record.json")) == claim


def test_history_longer_than_one_call_takes_is_logged_whole(uri: str, make_record: Callable[..., Record]) -> None:
    record = make_record(seeds=1)
    values = [float(i) for i in range(600)]
    curve = Curve(seed=0, lr=values, train_loss=values, train_accuracy=values, test_accuracy=values)
    arm = record.arms["scratch_b"].model_copy(update={"curves": [curve]})
    Tracker(uri).log(record.model_copy(update={"arms": {"scratch_b": arm}}), nowhere)
    (run,) = runs_of(uri, arm="scratch_b")
    assert [m.value for m in connect(uri).get_metric_history(run.info.run_id, "lr")] == values


def test_locked_database_is_said_so_and_costs_no_run(
    uri: str, make_claim: Callable[..., ClaimRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prunebench.records.mlflow_store.PATIENCE", 0.2)
    tracker = Tracker(uri)
    tracker.prepare()
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TrackingError, match="is locked by another program"):
            tracker.log(make_claim(), nowhere)
    assert tracker.log(make_claim(), nowhere) == 1


def test_store_of_another_schema_is_left_alone(uri: str) -> None:
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    with pytest.raises(TrackingError, match=r"another MLflow than this .*ffffffffffff.*`mlflow db upgrade sqlite:"):
        Tracker(uri).prepare()


def test_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    file.write_text("not a database, but more than a hundred bytes of prose\n" * 10)
    with pytest.raises(TrackingError, match="is no SQLite database"):
        Tracker(f"sqlite:///{file}").prepare()
    assert file.read_text().startswith("not a database")


def test_silent_server_is_given_up_on_within_seconds_and_its_password_kept(
    make_claim: Callable[..., ClaimRecord],
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    start = time.monotonic()
    with pytest.raises(TrackingError, match=r"http://\*\*\*@127.0.0.1:\d+ does not answer; start the server") as caught:
        Tracker(f"http://me:secret@127.0.0.1:{port}").log(make_claim(), nowhere)
    assert time.monotonic() - start < 10
    assert "secret" not in str(caught.value)


def test_a_package_of_mlflow_s_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = r"\(No module named 'nowhere'\); install MLflow again: `pip install mlflow`"
    with pytest.raises(TrackingError, match=said), plain_words(f"sqlite:///{tmp_path}/mlflow.db"):
        importlib.import_module("nowhere")


@pytest.mark.parametrize("name", ["per%20cent %", "que?stion", "ha#sh"])
def test_a_folder_may_have_any_name(name: str, tmp_path: Path, make_claim: Callable[..., ClaimRecord]) -> None:
    root = tmp_path / name
    root.mkdir()
    shutil.copy(empty_database(), root / "mlflow.db")
    uri = resolve_uri(None, root)
    assert Tracker(uri).log(make_claim(), nowhere) == 1
    (run,) = own_runs(connect(uri))
    assert load(artifact_text(connect(uri), run, "record.json")) == make_claim()
    assert {path.name for path in root.iterdir()} >= {"mlflow.db", "mlartifacts"}
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_two_runs_log_to_one_store_what_each_found_and_nothing_twice(
    uri: str, make_record: Callable[..., Record]
) -> None:
    one, two = Tracker(uri), Tracker(uri)
    first, second = make_record(row="first", key="a", seeds=1), make_record(row="second", key="b", seeds=1)
    assert [one.log(first, nowhere), two.log(second, nowhere), one.log(second, nowhere)] == [1 + 6, 1 + 6, 0]
    assert two.log(first, nowhere) == 0
    threads = [threading.Thread(target=Tracker(uri).log, args=(make_record(row="c", key="c"), nowhere)) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs_of(uri, row="c")) == 1 + 6 * len(make_record(row="c", key="c").arms["dense"].digests)


def test_a_damaged_database_is_said_with_what_helps(uri: str, make_claim: Callable[..., ClaimRecord]) -> None:
    file = Path(uri.removeprefix("sqlite:///"))
    content = bytearray(file.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    file.write_bytes(content)
    with pytest.raises(TrackingError, match="is damaged; move its file away and run `prunebench sync`"):
        Tracker(uri).log(make_claim(), nowhere)

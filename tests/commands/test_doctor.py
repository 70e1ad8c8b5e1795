"""`prunebench doctor`."""

import json
import os
import platform
import sys

import pytest


@pytest.fixture
def looked(prunebench, tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def look(*arguments):
        code, out, _ = prunebench("doctor", "--json", *arguments, folder=tmp_path)
        return code, {check["name"]: check for check in json.loads(out)}

    return look


def test_a_machine_that_can_run_is_well(looked):
    code, found = looked()
    assert code == 0
    assert found["Python"]["found"] == platform.python_version()
    assert found["cores"]["found"].startswith(f"{len(os.sched_getaffinity(0))};")
    assert found["datasets"]["found"].startswith("digit-scenes, digits, ")
    assert "`prunebench data list` says how to get bccd, " in found["datasets"]["found"]
    assert (found["tier smoke"]["ok"], found["MLflow"]["ok"], found["store"]["ok"]) == (True, True, True)
    assert all(check["ok"] or check["todo"] for check in found.values())


def test_a_store_that_cannot_be_written_is_essential(looked, tmp_path):
    (tmp_path / "file").write_text("")
    code, found = looked("--data", tmp_path / "file" / "data")
    assert code == 1
    assert "cannot be written" in found["store"]["found"]
    assert "--pb-data DIR" in found["store"]["todo"]


def test_what_is_missing_is_said_with_what_to_do(looked, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////proc/nowhere/mlflow.db")
    monkeypatch.setenv("PATH", "/nowhere")
    code, found = looked()
    assert code == 0
    assert not found["MLflow"]["ok"]
    assert "`prunebench sync` logs them later" in found["MLflow"]["todo"]
    assert found["Chromium"]["todo"].startswith("apt-get install chromium")
    assert not found["DVC"]["ok"]


def test_for_people(prunebench, tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    code, out, _ = prunebench("doctor", folder=tmp_path)
    assert code == 0
    assert out.splitlines()[0].split() == ["OK", "Python", sys.version.split()[0]]
    assert any(line.lstrip().startswith("->") for line in out.splitlines())

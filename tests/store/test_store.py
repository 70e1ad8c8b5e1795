"""The store of outcomes."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from prunebench.common.errors import StoreError
from prunebench.specs.experiment import Dataset, Network, Recipe, Training, digest
from prunebench.store.store import Store

SPEC = Training(Dataset("digits", "ab"), Network("vgg"), Recipe(1), seed=0)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "data", tmp_path / "work")
    store.prepare()
    return store


def reopened(store):
    return Store(store.data, store.work)


def test_an_outcome_comes_back_in_another_process(store):
    store.put(SPEC, {"accuracy": 98.5}, {"history.csv": b"epoch\n1\n"})
    outcome = reopened(store).get(SPEC)
    assert outcome.facts == {"accuracy": 98.5}
    assert (outcome.folder / "history.csv").read_text() == "epoch\n1\n"
    assert outcome.folder.name == digest(SPEC)
    assert json.loads((outcome.folder / "spec.json").read_text())["spec"]["recipe"] == {"epochs": 1}


def test_what_is_not_stored_is_none(store):
    assert store.get(SPEC) is None


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: (f / "outcome.json").write_text("{}"), "outcome.json has another checksum"),
        (lambda f: (f / "history.csv").unlink(), "history.csv"),
        (lambda f: (f / "SHA256SUMS").unlink(), "SHA256SUMS"),
        (lambda f: (f / "SHA256SUMS").write_text(""), "SHA256SUMS is incomplete"),
    ],
    ids=["changed", "file missing", "sums missing", "sums empty"],
)
def test_a_damaged_outcome_is_set_aside_and_said(store, damage, said):
    folder = store.put(SPEC, {"accuracy": 98.5}, {"history.csv": b"x"}).folder
    damage(folder)
    with pytest.warns(UserWarning, match=said):
        assert reopened(store).get(SPEC) is None
    assert not folder.exists()
    assert len(list((store.work / "damaged").iterdir())) == 1
    assert store.put(SPEC, {"accuracy": 1.0}, {}).facts == {"accuracy": 1.0}


def test_an_outcome_under_a_foreign_digest_is_damaged(store):
    folder = store.put(SPEC, {"accuracy": 98.5}, {}).folder
    other = Training(SPEC.dataset, SPEC.network, SPEC.recipe, seed=1)
    shutil.copytree(folder, store.folder(digest(other)))
    with pytest.warns(UserWarning, match=r"spec\.json belongs to another digest"):
        assert store.get(other) is None


def test_a_full_disk_leaves_nothing_half_written(store, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"No space left on device.*--pb-data"):
        store.put(SPEC, {"accuracy": 98.5}, {})
    assert list((store.data / "checkpoints").iterdir()) == []


def test_a_store_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "data").write_text("a file is in the way")
    with pytest.raises(StoreError, match="cannot write to the store"):
        Store(tmp_path / "data", tmp_path / "work").prepare()


HOLD = """
import sys, time
from pathlib import Path
from prunebench.specs.experiment import Dataset, Network, Recipe, Training
from prunebench.store.store import Store
spec = Training(Dataset("digits", "ab"), Network("vgg"), Recipe(1), 0)
with Store(Path({data!r}), Path({work!r})).claim(spec) as mine:
    print(mine, flush=True)
    time.sleep(60)
"""


def test_one_process_computes_and_a_killed_one_gives_way(store):
    code = HOLD.format(data=str(store.data), work=str(store.work))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "True\n"
    with store.claim(SPEC) as mine:
        assert not mine
    process.kill()
    process.communicate()
    with store.claim(SPEC) as mine:
        assert mine

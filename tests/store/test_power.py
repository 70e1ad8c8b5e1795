"""After a loss of power there is what was there before, or what was said to be stored; never a third thing."""

import os

import pytest
from power import Disk, PowerLoss

from prunebench.common.folders import write_whole
from prunebench.specs.experiment import Dataset, Network, Recipe, Training
from prunebench.store.store import Store

SPEC = Training(Dataset("digits", "ab"), Network("vgg"), Recipe(1), seed=0)


def put(root):
    store = Store(root / "data", root / "work")
    store.prepare()
    return store.put(SPEC, {"accuracy": 98.5}, {"weights.safetensors": b"w" * 10_000})


def found(place):
    outcome = Store(place / "data", place / "work").get(SPEC)
    return outcome and (outcome.facts, outcome.read("weights.safetensors"))


@pytest.fixture
def disk(tmp_path, monkeypatch):
    (tmp_path / "disk").mkdir()
    return Disk(tmp_path / "disk", monkeypatch)


@pytest.mark.parametrize("lucky", [False, True])
def test_what_was_put_is_there_after_a_loss_of_power(disk, tmp_path, lucky):
    put(tmp_path / "disk")
    disk.after(tmp_path / "after", names_survive=lucky)
    assert found(tmp_path / "after") == ({"accuracy": 98.5}, b"w" * 10_000)


@pytest.mark.parametrize("lucky", [False, True])
def test_power_that_goes_meanwhile_leaves_nothing_or_all(tmp_path, monkeypatch, lucky):
    after, call = tmp_path / "after", 0
    while cut_short(tmp_path / f"disk-{call}", call, monkeypatch, after, lucky):
        assert found(after) in (None, ({"accuracy": 98.5}, b"w" * 10_000))
        put(after)
        call += 1
    assert call >= 4, "the folders, the file and its name"


def cut_short(root, call, monkeypatch, after, lucky):
    """Store with the power going at a call of `fsync`; return whether there was such a call."""
    root.mkdir()
    with monkeypatch.context() as patched:
        disk = Disk(root, patched)
        disk.fail_at(call)
        try:
            put(root)
        except PowerLoss:
            disk.after(after, names_survive=lucky)
            return True
    return False


def test_the_test_would_notice_a_file_that_nobody_syncs(disk, tmp_path):
    with open(tmp_path / "disk" / "unsafe", "w") as file:
        file.write("text")
    write_whole(tmp_path / "disk" / "unsynced", "text")
    write_whole(tmp_path / "disk" / "lasting", "text", lasting=True)
    disk.after(tmp_path / "after")
    left = {name: (tmp_path / "after" / name).read_text() for name in os.listdir(tmp_path / "after")}
    assert left == {"unsafe": "", "unsynced": "", "lasting": "text"}

"""The store of outcomes."""

import json
import multiprocessing
import os
import subprocess
import sys
import warnings
import zipfile

import pytest
from outcome_files import as_folder, flip, resign

from prunebench.common.errors import StoreError
from prunebench.specs.experiment import Dataset, Network, Recipe, Training, digest
from prunebench.store.store import Store

SPEC = Training(Dataset("digits", "ab"), Network("vgg"), Recipe(1), seed=0)
OTHER = Training(SPEC.dataset, SPEC.network, SPEC.recipe, seed=1)
FILES = {"history.csv": b"epoch\n1\n", "weights.safetensors": bytes(range(200))}


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "data", tmp_path / "work")
    store.prepare()
    return store


def reopened(store):
    return Store(store.data, store.work)


def test_an_outcome_comes_back_in_another_process(store):
    store.put(SPEC, {"accuracy": 98.5}, FILES)
    outcome = reopened(store).get(SPEC)
    assert outcome.facts == {"accuracy": 98.5}
    assert outcome.read("history.csv") == b"epoch\n1\n"
    assert outcome.names == {"spec.json", "outcome.json", "history.csv", "weights.safetensors"}
    assert outcome.place.name == digest(SPEC)
    assert outcome.json("spec.json")["spec"]["recipe"] == {"epochs": 1}
    with pytest.raises(StoreError, match=r"it has no plan\.json"):
        outcome.read("plan.json")


def test_any_zip_program_opens_it_and_finds_the_parts_as_they_are(store):
    place = store.put(SPEC, {"accuracy": 98.5}, FILES).place
    with zipfile.ZipFile(place) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["spec.json", "outcome.json", "history.csv", "weights.safetensors"]
        assert json.loads(archive.read("outcome.json")) == {"accuracy": 98.5}
    assert FILES["weights.safetensors"] in place.read_bytes()
    first = place.read_bytes()
    assert reopened(store).put(SPEC, {"accuracy": 98.5}, FILES).place.read_bytes() == first


def test_a_part_is_read_without_the_others(store):
    place = store.put(SPEC, {"accuracy": 98.5}, FILES | {"weights.safetensors": b"w" * 100_000}).place
    os.truncate(place, 10_000)
    assert json.loads(store.text(digest(SPEC), "outcome.json")) == {"accuracy": 98.5}
    assert store.text(digest(SPEC), "weights.safetensors") is None
    assert store.text(digest(OTHER), "spec.json") is None


def test_what_is_not_stored_is_none(store):
    assert store.get(SPEC) is None


def test_a_folder_of_an_earlier_version_is_read(store):
    as_folder(store.put(SPEC, {"accuracy": 98.5}, FILES).place)
    outcome = reopened(store).get(SPEC)
    assert outcome.facts == {"accuracy": 98.5}
    assert outcome.read("weights.safetensors") == FILES["weights.safetensors"]
    assert outcome.names == {"spec.json", "outcome.json", *FILES}
    assert json.loads(store.text(digest(SPEC), "spec.json"))["kind"] == "training"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: flip(f, "outcome.json"), r"outcome\.json has another checksum"),
        (lambda f: flip(f, "weights.safetensors"), r"weights\.safetensors has another checksum"),
        (lambda f: f.write_bytes(f.read_bytes()[:-1] + b"g"), "it has another checksum"),
        (lambda f: os.truncate(f, 100), "spec.json has another checksum"),
        (lambda f: f.write_bytes(b""), "it has another checksum"),
        (lambda f: f.write_text("a picture of a network"), "it has another checksum"),
        (lambda f: (as_folder(f) / "outcome.json").write_text("{}"), r"outcome\.json has another checksum"),
        (lambda f: (as_folder(f) / "history.csv").unlink(), r"history\.csv"),
        (lambda f: (as_folder(f) / "SHA256SUMS").unlink(), "SHA256SUMS"),
        (lambda f: (as_folder(f) / "SHA256SUMS").write_text(""), "SHA256SUMS is incomplete"),
    ],
    ids=[
        *("facts", "weights", "sum", "truncated", "empty", "something else"),
        *("folder: facts", "folder: file missing", "folder: sums missing", "folder: sums empty"),
    ],
)
def test_a_damaged_outcome_is_set_aside_and_said(store, damage, said):
    place = store.put(SPEC, {"accuracy": 98.5}, FILES).place
    damage(place)
    with pytest.warns(UserWarning, match=said):
        assert reopened(store).get(SPEC) is None
    assert not place.exists()
    assert len(list((store.work / "damaged").iterdir())) == 1
    assert store.put(SPEC, {"accuracy": 1.0}, {}).facts == {"accuracy": 1.0}


def test_every_flipped_bit_and_every_length_is_noticed(store):
    place = store.put(SPEC, {"accuracy": 98.5}, FILES).place
    good = place.read_bytes()
    damaged = [good[:i] + bytes([good[i] ^ 1 << i % 8]) + good[i + 1 :] for i in range(len(good))]
    damaged += [good[:i] for i in range(len(good))] + [good + b"\0", good + good]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for packed in damaged:
            place.write_bytes(packed)
            assert reopened(store).get(SPEC) is None
    assert len(said) == len(damaged)


def test_an_outcome_under_a_foreign_digest_is_damaged(store):
    place = store.put(SPEC, {"accuracy": 98.5}, {}).place
    store.place(digest(OTHER)).write_bytes(place.read_bytes())
    with pytest.warns(UserWarning, match=r"spec\.json belongs to another digest"):
        assert store.get(OTHER) is None


def test_parts_with_the_right_sums_are_taken_for_whole(store):
    resign(store.put(SPEC, {"accuracy": 98.5}, {}).place, "outcome.json", b'{"accuracy": 1.0}')
    assert reopened(store).get(SPEC).facts == {"accuracy": 1.0}


def look(data, work, barrier, queue):
    warnings.simplefilter("ignore")
    store = Store(data, work)
    barrier.wait()
    try:
        store.get(SPEC)
        with store.claim(SPEC) as mine:
            if mine and store.get(SPEC) is None:
                store.put(SPEC, {"accuracy": 2.0}, {})
        queue.put("")
    except BaseException as error:
        queue.put(repr(error))


def test_processes_that_meet_a_damaged_outcome_set_it_aside_once_and_never_the_new_one(store):
    fork = multiprocessing.get_context("fork")
    for _ in range(8):
        store.put(SPEC, {"accuracy": 1.0}, {"w": b"x" * 1_000_000})
        os.truncate(store.place(digest(SPEC)), 500_000)
        barrier, queue = fork.Barrier(3), fork.Queue()
        racers = [fork.Process(target=look, args=(store.data, store.work, barrier, queue)) for _ in range(3)]
        for racer in racers:
            racer.start()
        assert [queue.get(timeout=60) for _ in racers] == ["", "", ""]
        for racer in racers:
            racer.join()
        assert reopened(store).get(SPEC).facts == {"accuracy": 2.0}
    assert len(list((store.work / "damaged").iterdir())) == 8


def test_a_damaged_outcome_in_a_store_that_cannot_be_written_is_not_used(store, monkeypatch):
    flip(store.put(SPEC, {"accuracy": 98.5}, FILES).place, "outcome.json")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("prunebench.store.store.shutil.move", refuse)
    monkeypatch.setattr("prunebench.store.store.make_folder", refuse)
    with pytest.warns(UserWarning, match=r"it stays where it is and is not used.*Permission denied"):
        assert reopened(store).get(SPEC) is None
    assert store.place(digest(SPEC)).exists()


def test_a_full_disk_leaves_nothing_half_written(store, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"No space left on device.*--pb-data"):
        store.put(SPEC, {"accuracy": 98.5}, {})
    assert list((store.data / "checkpoints").iterdir()) == []


def test_more_than_one_file_can_hold_is_refused(store, monkeypatch):
    monkeypatch.setattr("prunebench.store.packing.LIMIT", 2**16 + 1000)
    with pytest.raises(StoreError, match="is too large to be stored; the most is 2 GiB"):
        store.put(SPEC, {"accuracy": 98.5}, {"weights.safetensors": b"w" * 1001})


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

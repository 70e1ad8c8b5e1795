"""What killed writers leave is swept once nobody owns it; folders of earlier versions are repacked without loss."""

import os
import subprocess
import sys
import time

import pytest
from outcome_files import as_folder, content

from prunebench.common.folders import abandoned
from prunebench.specs.experiment import Dataset, Network, Recipe, Training, digest
from prunebench.store.leftovers import sweep
from prunebench.store.repack import folders, repack
from prunebench.store.store import Store

SPEC = Training(Dataset("digits", "ab"), Network("vgg"), Recipe(1), seed=0)
OTHER = Training(SPEC.dataset, SPEC.network, SPEC.recipe, seed=1)
NAME = digest(SPEC)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "data", tmp_path / "work")
    store.prepare()
    return store


def aged(path, seconds):
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


WRITE = """
import os, sys
from pathlib import Path
import prunebench.common.folders as folders
def wait(number):
    print("writing", flush=True)
    sys.stdin.read()
os.fsync = wait
folders.write_whole(Path(sys.argv[1]), b"whole", lasting=True)
"""


def test_a_file_being_written_is_its_writers_until_that_is_killed(store):
    command = [sys.executable, "-c", WRITE, str(store.place(NAME))]
    writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert writer.stdout.readline() == "writing\n"
    (left,) = (store.data / "checkpoints").iterdir()
    aged(left, 100)
    assert sweep(store) == 0
    assert left.exists()
    writer.kill()
    writer.communicate()
    assert list(abandoned(left.parent)) == [left]
    assert sweep(store) == 1
    assert not left.exists()


def test_a_young_file_may_be_one_whose_writer_comes_to_own_it(store):
    young = store.data / "checkpoints" / f".{NAME}.0.unfinished"
    young.write_bytes(b"")
    assert sweep(store) == 0
    aged(young, 20)
    assert sweep(store) == 1


def test_leftovers_of_earlier_versions_and_of_imports_go_after_an_hour(store):
    old = store.data / "checkpoints" / f".{NAME}.{'0' * 32}"
    part = store.data / "datasets" / ".mine.part"
    for folder in (old, part):
        folder.mkdir(parents=True)
        aged(folder / "spec.json", 0) if (folder / "spec.json").exists() else (folder / "spec.json").write_text("{}")
    partial, probe = store.work / "partial" / f"{NAME}.123", store.data / ".probe-123"
    partial.write_text("")
    probe.write_text("")
    assert sweep(store) == 0
    for path in (old, old / "spec.json", part, part / "spec.json", partial, probe):
        aged(path, 4000)
    (part / "spec.json").write_text("still being imported")
    assert sweep(store) == 3
    assert part.exists()


def test_the_partial_checkpoint_of_a_stored_training_goes_and_no_other(store):
    store.put(SPEC, {}, {})
    for spec in (SPEC, OTHER):
        store.partial(digest(spec)).write_bytes(b"state")
    assert sweep(store) == 1
    assert store.partial(digest(OTHER)).exists()
    assert store.get(SPEC) is not None


def stored(store, spec, **facts):
    place = store.put(spec, facts, {"history.csv": b"epoch\n", "weights.safetensors": b"w" * 1000}).place
    before = content(place)
    as_folder(place)
    return before


def test_folders_are_repacked_and_a_damaged_one_stays(store):
    before = stored(store, SPEC, accuracy=1.0)
    stored(store, OTHER, accuracy=2.0)
    (store.place(digest(OTHER)) / "history.csv").write_text("")
    assert folders(store) == sorted([NAME, digest(OTHER)])
    assert dict(repack(store)) == {NAME: "", digest(OTHER): "is damaged: history.csv has another checksum"}
    assert folders(store) == [digest(OTHER)]
    assert content(store.place(NAME)) == before
    assert Store(store.data, store.work).get(SPEC).facts == {"accuracy": 1.0}
    assert [path.name for path in (store.data / "checkpoints").glob(".*")] == []


class KilledError(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("step", ["os.rename", "shutil.rmtree", "prunebench.store.repack.settle"])
@pytest.mark.parametrize("call", [0, 1])
def test_a_kill_while_repacking_loses_nothing(store, monkeypatch, step, call):
    before = stored(store, SPEC, accuracy=1.0)
    calls, real = [], {"os.rename": os.rename}.get(step)

    def killed(*arguments, **options):
        calls.append(arguments)
        if real is None or len(calls) > call:
            raise KilledError
        return real(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(step, killed)
        with pytest.raises(KilledError):
            list(repack(store))
    sweep(store)
    assert Store(store.data, store.work).get(SPEC).facts == {"accuracy": 1.0}
    list(repack(store))
    assert content(store.place(NAME)) == before
    assert list((store.data / "checkpoints").glob(".*")) == []

"""What a node does with a task, without a cluster: the same bits, from what the task brings along."""

import os
from dataclasses import replace

import pytest
from tiny import TINY

from prunebench.judging.observation import specs
from prunebench.protocol import tables
from prunebench.protocol.assignment import job
from prunebench.runner import node
from prunebench.runner.cluster import closure
from prunebench.runner.local import Runner
from prunebench.runner.node import Task, carry_out, surroundings
from prunebench.runner.progress import Progress
from prunebench.runner.workshop import Piece
from prunebench.specs.experiment import digest
from prunebench.store.store import Store

ROW = "t4.imagenet.vgg-11.50"


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A store with the trunk of a row, and a node whose folder is elsewhere."""
    monkeypatch.setattr(node.tempfile, "gettempdir", lambda: str(tmp_path / "node"))
    store = Store(tmp_path / "data", tmp_path / "work")
    store.prepare()
    runner = Runner(store, Progress(tmp_path / "progress", "main"))
    runner.run(lambda: pieces(store, ()))
    return runner


def pieces(store, arms=("finetune",)):
    return [Piece(s, "VGG-11", arm, 0) for arm, s in specs(job(tables.load().row(ROW), TINY), 0, arms, store).items()]


def task_for(piece, **changed):
    made = Task("run", piece, surroundings(), "nowhere", threads=1, device="cpu", deterministic=False)
    return replace(made, **changed)


def sent(store, piece):
    return {name: lambda name=name: store.packed(name) for name in closure(piece.spec)}


def test_the_outcome_is_that_of_a_run_here(driver, tmp_path):
    (piece,) = [piece for piece in pieces(driver.store) if piece.arm == "finetune"]
    answer = carry_out(task_for(piece), sent(driver.store, piece))
    assert (answer.error, answer.refused) == ("", "")
    away = Store(tmp_path / "away", tmp_path / "away-work")
    away.admit(digest(piece.spec), answer.packed)
    driver.run(lambda: [piece])
    here, there = (store.get(piece.spec) for store in (driver.store, away))
    assert there.read("weights.safetensors") == here.read("weights.safetensors")
    assert there.facts["accuracy"] == here.facts["accuracy"]


def test_inputs_come_once_and_what_is_done_is_not_done_again(driver):
    (piece,) = [piece for piece in pieces(driver.store) if piece.arm == "finetune"]
    first = carry_out(task_for(piece), sent(driver.store, piece))
    again = carry_out(task_for(piece), dict.fromkeys(closure(piece.spec)))
    assert again.packed == first.packed
    node.clear("run")
    assert not node.folder("run").exists()


def test_what_a_killed_driver_left_goes_with_time(driver):
    old, young = (node.folder(name) for name in ("old", "young"))
    for left in (old, young):
        (left / "data" / "checkpoints").mkdir(parents=True)
    for place in (old, old / "data" / "checkpoints", young):
        os.utime(place, (0, 0))
    assert carry_out(task_for(pieces(driver.store)[0]), {}).packed
    assert (old.exists(), young.exists()) == (False, True)


def test_the_closure_has_all_that_is_read_in_order(driver):
    found = {piece.arm: digest(piece.spec) for piece in pieces(driver.store)}
    (piece,) = [piece for piece in pieces(driver.store) if piece.arm == "finetune"]
    assert closure(piece.spec) == [found["sparse"], found["pruned"]]


def test_a_node_that_differs_refuses(driver):
    piece = pieces(driver.store)[0]
    answer = carry_out(task_for(piece, surroundings=surroundings() | {"torch": "1.0", "CUDA": "99"}), {})
    assert answer.packed is None
    assert answer.refused.startswith("torch ")
    assert ", not 1.0, CUDA " in answer.refused


def test_an_input_that_comes_damaged_is_an_error_of_the_task(driver):
    (piece,) = [piece for piece in pieces(driver.store) if piece.arm == "finetune"]
    broken = {name: lambda name=name: driver.store.packed(name)[:-1] + b"x" for name in closure(piece.spec)}
    answer = carry_out(task_for(piece), broken)
    assert "came damaged" in answer.error


def test_an_error_says_on_which_node(driver):
    piece = pieces(driver.store)[0]
    lost = replace(piece.spec.dataset, name="cifar10")
    answer = carry_out(task_for(replace(piece, spec=replace(piece.spec, dataset=lost))), {})
    assert answer.kind == "DatasetError"
    assert "(on node " in answer.error

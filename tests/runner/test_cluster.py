"""Outcomes on a Ray cluster of nodes with a CPU each, all of them on this machine."""

import os
import signal
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from tiny import TINY

from prunebench.common.errors import PrunebenchError, TrainingError
from prunebench.judging.observation import specs
from prunebench.protocol import tables, tiers
from prunebench.protocol.assignment import job
from prunebench.runner import environment, node
from prunebench.runner.cluster import OnRay, address_of, connect
from prunebench.runner.local import Runner
from prunebench.runner.progress import Progress
from prunebench.runner.supply import Supply
from prunebench.runner.workshop import Piece
from prunebench.specs.experiment import digest
from prunebench.store.store import Store

pytest.importorskip("ray", reason="Ray is not installed: pip install 'prunebench[cluster]'")

ROOT = Path(__file__).parents[2]
ROW = "t4.imagenet.vgg-11.50"


@pytest.fixture(scope="module")
def cluster():
    """A head without a CPU, two nodes with one each, and a third that does not know the commit that it has."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support")]))
        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        made.first = made.add_node(num_cpus=1)
        made.add_node(num_cpus=1)
        made.add_node(num_cpus=1, env_vars={"GIT_DIR": "/nowhere"})
        yield made
        made.shutdown()


@pytest.fixture
def runner(tmp_path):
    store = Store(tmp_path / "data", tmp_path / "work")
    store.prepare()
    return Runner(store, Progress(tmp_path / "progress", "main"))


@pytest.fixture(scope="module")
def joined(cluster):
    """Ray, with this process as a driver; how it was to be ended is as before."""
    before = signal.getsignal(signal.SIGTERM)
    ray = connect(cluster.address)
    assert signal.getsignal(signal.SIGTERM) is before
    yield ray
    ray.shutdown()


@pytest.fixture
def executor(joined, runner):
    task = node.Task(uuid.uuid4().hex, None, node.surroundings(), "nowhere", 1, "cpu", False)
    return OnRay(joined, runner.store, task, gpu=False)


def wanted(store, seed, tier=TINY):
    def pieces():
        known = specs(job(tables.load().row(ROW), tier), seed, ("finetune", "scratch_b"), store)
        return [Piece(spec, "VGG-11", arm, seed) for arm, spec in known.items()]

    return pieces


def supply(runner, executor):
    return Supply(runner, executor, lambda spec: 1.0)


def test_a_node_is_lost_and_nothing_else(cluster, runner, executor, tmp_path):
    """One node is killed in the middle, one comes and one is refused: all outcomes, each stored once, equal bits."""
    stored, put = [], runner.store.admit

    def admit(name, packed):
        stored.append(name)
        put(name, packed)
        if len(stored) == 3:
            cluster.remove_node(cluster.first, allow_graceful=False)
            cluster.add_node(num_cpus=1)

    runner.store.admit = admit
    asked = [wanted(runner.store, seed) for seed in (0, 1)]
    assert supply(runner, executor).run(asked) == 10
    assert len(stored) == len({*stored}) == 10
    assert [said.partition(" has ")[2] for said in executor._refused.values()] == [
        f"commit unknown, not {environment.commit()}"
    ]

    local = Runner(Store(tmp_path / "own", tmp_path / "own-work"), Progress(tmp_path / "p", "main"))
    local.store.prepare()
    for seed in (0, 1):
        local.run(wanted(local.store, seed))
        for piece in wanted(local.store, seed)():
            here, there = local.store.get(piece.spec), runner.store.get(piece.spec)
            assert here.names == there.names
            assert here.facts["accuracy"] == there.facts["accuracy"]
            for part in here.names & {"weights.safetensors", "plan.json"}:
                assert here.read(part) == there.read(part)


def test_what_breaks_down_on_a_node_breaks_down_here(runner, executor):
    work = supply(runner, executor)
    assert work.run([wanted(runner.store, 0, tiers.choose("exploding")[0])]) == 0
    assert {type(error) for error in work.failed.values()} == {TrainingError}
    assert all("(on node " in str(error) for error in work.failed.values())


def test_nodes_that_differ_end_the_run_with_a_sentence(runner, executor):
    executor.task = replace(executor.task, surroundings=node.surroundings() | {"torch": "1.0"})
    with pytest.raises(PrunebenchError, match=r"no node is like this machine: node .* has torch .*, not 1\.0"):
        supply(runner, executor).run([wanted(runner.store, 0)])


def test_a_piece_of_a_dataset_that_no_node_has_is_said(runner, executor):
    (dense, *_) = wanted(runner.store, 0)()
    lost = replace(dense, spec=replace(dense.spec, dataset=replace(dense.spec.dataset, name="cifar10")))
    work = supply(runner, executor)
    assert work.run([lambda: [lost]]) == 0
    assert "dataset cifar10 is not in" in str(work.failed[digest(lost.spec)])


@pytest.mark.parametrize("address", ["127.0.0.1:9", "nowhere.invalid:6379", "auto"])
def test_no_cluster_at_an_address_is_said(monkeypatch, tmp_path, address):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr("prunebench.runner.cluster.RUNNING", tmp_path / "none")
    place = "an address that nobody gives" if address == "auto" else address
    with pytest.raises(PrunebenchError, match=rf"cannot join the cluster at {place} .*`ray start --head`"):
        connect(address)


def test_addresses(monkeypatch, tmp_path):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr("prunebench.runner.cluster.RUNNING", tmp_path / "none")
    assert [address_of(name) for name in ("local", "auto", "ray", "ray://h:1")] == [None, None, "auto", "h:1"]
    monkeypatch.setenv("RAY_ADDRESS", "h:1")
    assert address_of("auto") == "auto"


def test_at_its_end_a_run_leaves_the_cluster_and_nothing_on_its_nodes(runner, executor):
    assert supply(runner, executor).run([lambda: wanted(runner.store, 0)()[:1]]) == 1
    assert node.folder(executor.task.run).exists()
    executor.close()
    assert not node.folder(executor.task.run).exists()
    assert not executor.ray.is_initialized()

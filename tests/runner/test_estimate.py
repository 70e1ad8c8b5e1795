"""How long a spec takes."""

import json
import time
from dataclasses import replace

import pytest
import tiny

from prunebench.common.errors import PrunebenchError
from prunebench.protocol import tables
from prunebench.protocol.assignment import job
from prunebench.runner.environment import hardware
from prunebench.runner.estimate import Budget, BudgetError, Estimator, duration
from prunebench.specs.experiment import document
from prunebench.store.packing import pack

WORK = job(tables.load().row("t4.imagenet.vgg-11.50"), tiny.TINY)
DENSE, PRUNING = WORK.dense(0), WORK.pruning(0)
ARM = WORK.arm("scratch_e", 0, {"flops": 1, "dense": {"flops": 2}})


def store(folder, name, spec, **facts):
    place = folder / "checkpoints" / name
    place.parent.mkdir(exist_ok=True)
    told = {"spec.json": document(spec), "outcome.json": {"hardware": hardware("cpu", 2)} | facts}
    place.write_bytes(pack({part: json.dumps(content).encode() for part, content in told.items()}))


@pytest.mark.parametrize(("text", "seconds"), [("9m", 540), ("90s", 90), ("1h30m", 5400), ("2h", 7200), ("0s", 0)])
def test_durations(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "9", "m", "9 m", "-9m", "9m1h", "1.5h"])
def test_no_durations(text):
    with pytest.raises(PrunebenchError, match="is no duration; write hours, minutes, seconds: 9m, 90s, 1h30m"):
        duration(text)


def test_the_median_of_the_same_network_counts_by_epoch(tmp_path):
    for i, seconds in enumerate([2.0, 4.0, 30.0]):
        store(tmp_path, f"a{i}", replace(DENSE, seed=i), seconds=seconds, epochs=2)
    store(tmp_path, "b0", ARM, seconds=1.0, epochs=2)
    store(tmp_path, "c0", PRUNING, seconds=0.25)
    estimator = Estimator(tmp_path)
    assert estimator.seconds(replace(DENSE, recipe=replace(DENSE.recipe, epochs=10))) == 20
    assert estimator.seconds(replace(ARM, recipe=replace(ARM.recipe, epochs=10))) == 5
    assert estimator.seconds(PRUNING) == 0.25
    assert estimator.tried == set()


def test_a_dense_network_stands_in_for_its_arms(tmp_path):
    store(tmp_path, "a0", DENSE, seconds=2.0, epochs=2)
    assert Estimator(tmp_path).seconds(ARM) == 2.0


def test_what_another_dataset_or_precision_took_tells_nothing(tmp_path):
    many = replace(DENSE, dataset=replace(DENSE.dataset, name="mnist", digest="another"))
    rough = replace(DENSE, recipe=replace(DENSE.recipe, precision="bf16"))
    store(tmp_path, "a0", DENSE, seconds=1000.0, epochs=2)
    estimator = Estimator(tmp_path)
    assert estimator.seconds(DENSE) == 1000
    assert estimator.seconds(many) < 500
    assert estimator.seconds(rough) < 500


def test_what_a_gpu_took_tells_nothing_of_a_cpu(tmp_path):
    store(tmp_path, "a0", DENSE, seconds=500.0, epochs=2, hardware=f"NVIDIA H100, {hardware('cpu', 2)}")
    assert Estimator(tmp_path).seconds(DENSE) < 60


def test_it_learns_while_a_run_goes_on_and_passes_over_what_cannot_be_read(tmp_path):
    (tmp_path / "checkpoints" / "ff").mkdir(parents=True)
    (tmp_path / "checkpoints" / "ff" / "spec.json").write_text("{")
    estimator = Estimator(tmp_path)
    rough = estimator.seconds(DENSE)
    assert 0 < rough < 60
    assert len(estimator.tried) == 1
    store(tmp_path, "a0", DENSE, seconds=500.0, epochs=2)
    assert estimator.seconds(DENSE) == 500


def test_a_budget_allows_what_ends_in_time(tmp_path):
    store(tmp_path, "a0", DENSE, seconds=50.0, epochs=2)
    estimator = Estimator(tmp_path)
    Budget(time.time() + 60, estimator).allow(DENSE)
    with pytest.raises(
        BudgetError, match=r"takes about 50 s and (39|40) s are left; the same command goes on from here"
    ):
        Budget(time.time() + 40, estimator).allow(DENSE)

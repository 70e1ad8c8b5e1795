"""Our loop against the plain one."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from prunebench import benchmark
from prunebench.benchmark import Round, bench, subjects
from prunebench.benchmark.plain import Scans, as_it_comes, plain
from prunebench.common.errors import PrunebenchError, UnknownNameError
from prunebench.datasets import available
from prunebench.protocol.tiers import SMOKE
from prunebench.runner.environment import configure


def test_a_comparison_has_what_its_contract_names():
    command = [sys.executable, "-m", "prunebench", "bench", "--network", "VGG-11", "--rounds", "2", "--json"]
    (found,) = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert list(found)[:8] == ["network", "dataset", "batch_size", "device", "ours", "plain", "ratio", "spread"]
    assert (found["network"], found["dataset"], found["device"]) == ("VGG-11", "digits", "cpu")
    assert found["batch_size"] == SMOKE.recipes_for("VGG-11").dense.batch_size
    assert found["ours"] > 0
    assert found["spread"][0] <= found["ratio"] <= found["spread"][1]
    assert 0 < found["input_share"] < 1
    assert 0 <= found["overhead_share"] < 1
    assert found["plain_workers"] == 0  # it has one core, as many as threads
    assert found["plain_tuned"] is found["packed"] is None


def test_the_plain_loop_really_trains():
    (subject,) = subjects(["VGG-11"])
    data = available.load(available.describe("digits").spec())
    epoch = plain(subject.network, replace(subject, recipe=SMOKE.recipes_for("VGG-11").finetune), "cpu")
    torch.manual_seed(0)  # of the order of the images
    for _ in range(8):
        epoch()
    subject.network.eval()
    assert (subject.network(data.test).argmax(1) == data.test_labels).float().mean() > 0.7


def test_both_loops_see_the_same_images():
    (digits,) = subjects(["VGG-11"])
    theirs = torch.stack([image for image, _ in Scans(digits)])
    torch.testing.assert_close(theirs, digits.images.train[:], atol=1e-3, rtol=1e-3)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system cannot confine a process to cores")
def test_both_loops_have_as_many_cores_as_threads(monkeypatch):
    seen, before = [], os.sched_getaffinity(0)

    def measure(*_):
        seen.append(len(os.sched_getaffinity(0)))
        return 0, [Round(2.0, 1.0, 0.1, 0.9)]

    monkeypatch.setattr(benchmark, "_measure", measure)
    (subject,) = subjects(["VGG-11"])
    assert bench(subject)["ratio"] == 2.0
    assert (seen, os.sched_getaffinity(0)) == ([1], before)


def test_full_networks_see_crops_of_the_size_of_cifar():
    (subject,) = subjects(["CIFAR ResNet-56"])
    image, label = Scans(subject)[0]
    assert image.shape == subject.images.train[:1][0].shape == (3, 32, 32)
    assert label == subject.images.train_labels[0]
    assert sum(p.numel() for p in subject.network.parameters()) == 853_018


def test_an_unknown_network_is_met_with_near_ones():
    with pytest.raises(UnknownNameError, match="unknown network 'CIFAR VGG16': did you mean CIFAR VGG-16"):
        subjects(["CIFAR VGG16"])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_where_there_is_none_is_a_clear_error():
    (subject,) = subjects(["VGG-11"])
    with pytest.raises(PrunebenchError, match="finds no CUDA device here; cpu is valid"):
        bench(subject, "cuda")


def test_several_trainings_as_one_are_timed_beside():
    (subject,) = subjects(["VGG-11"])
    found = bench(subject, rounds=3, packed=3)
    assert 0.8 * found["ours"] < found["packed"] < 5 * found["ours"]


@pytest.mark.parametrize("name", ["DenseNet-40", "CIFAR VGG-16"])
def test_what_does_not_run_packed_says_so(name):
    (subject,) = subjects([name])
    with pytest.raises(PrunebenchError, match=f"--packed 3: {name} does not run packed on cpu; narrow VGGs"):
        bench(subject, packed=3)


def test_the_plain_loop_computes_as_pytorch_comes_and_ours_as_the_recipe_says():
    configure("cpu")
    code = "import torch; c = torch.backends.cudnn; print([c.conv.fp32_precision, c.benchmark])"
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    cudnn = torch.backends.cudnn
    with as_it_comes():
        assert str([cudnn.conv.fp32_precision, cudnn.benchmark]) == fresh
    assert [cudnn.conv.fp32_precision, cudnn.benchmark] == ["ieee", True]

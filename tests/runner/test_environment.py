"""Where trainings run."""

import re
import subprocess
import sys

import pytest
import torch

from prunebench.common import machine
from prunebench.common.errors import PrunebenchError
from prunebench.runner import environment
from prunebench.runner.environment import device, hardware


@pytest.mark.parametrize(
    ("wanted", "found", "worker", "given"),
    [
        ("auto", 0, 3, "cpu"),
        ("auto", 1, 3, "cuda:0"),
        ("cuda", 2, 3, "cuda:1"),
        ("cuda", 4, 3, "cuda:3"),
        ("cpu", 4, 3, "cpu"),
    ],
)
def test_workers_take_the_gpus_in_turn(wanted, found, worker, given):
    assert device(wanted, found, worker) == given


def test_cuda_where_there_is_none_is_a_clear_error():
    with pytest.raises(PrunebenchError, match="device cuda: PyTorch finds no CUDA device here; cpu is valid"):
        device("cuda", 0)


def test_hardware_of_a_cpu_names_its_threads():
    assert hardware("cpu", 1).endswith(", 1 thread")
    assert hardware("cpu", 2).endswith(", 2 threads")


def test_pytorch_is_asked_for_gpus_only_where_there_may_be_one(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "NODES", tmp_path)
    monkeypatch.setattr(machine.sys, "platform", "linux")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert environment.gpus() == 0
    (tmp_path / "nvidiactl").touch()
    assert environment.gpus() == 2
    (tmp_path / "nvidiactl").unlink()
    monkeypatch.setattr(machine.sys, "platform", "win32")
    assert environment.gpus() == 2


SETTLED = """
import torch
from prunebench.runner.environment import configure
configure("cpu", deterministic={deterministic})
print(torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.conv.fp32_precision)
print(torch.backends.cudnn.benchmark, torch.are_deterministic_algorithms_enabled())
"""


@pytest.mark.parametrize("deterministic", [False, True])
def test_float32_is_float32_and_deterministic_mode_is_on_when_asked_for(deterministic):
    code = [sys.executable, "-c", SETTLED.format(deterministic=deterministic)]
    words = subprocess.run(code, capture_output=True, text=True, check=True).stdout.split()
    assert words == ["ieee", "ieee", str(not deterministic), str(deterministic)]


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A commit of a small checkout, which `commit` speaks of; returns its folder."""
    for name in ("prunebench/runner/environment.py", "claims/test_a.py", "data.dvc", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "prunebench" / "runner" / "environment.py"))
    environment.commit.cache_clear()
    yield tmp_path
    environment.commit.cache_clear()


@pytest.mark.parametrize(
    ("changed", "dirty"),
    [("data.dvc", False), ("README.md", False), ("claims/test_a.py", True), ("prunebench/runner/environment.py", True)],
)
def test_a_checkout_is_dirty_where_numbers_depend_on_what_was_changed(checkout, changed, dirty):
    who = ["-c", "user.name=A. Tester", "-c", "user.email=tester@example.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "all"]):
        subprocess.run(["git", *words], cwd=checkout, check=True)
    (checkout / changed).write_text("another")
    assert re.fullmatch("[0-9a-f]{12}-dirty" if dirty else "[0-9a-f]{12}", environment.commit())


def test_what_is_no_checkout_has_no_commit(checkout):
    assert environment.commit() == "unknown"

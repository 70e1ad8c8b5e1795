"""Where trainings run."""

import subprocess
import sys

import pytest

from prunebench.errors import PrunebenchError
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

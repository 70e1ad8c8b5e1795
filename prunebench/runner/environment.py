"""Under which circumstances an outcome came about."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import warnings
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from prunebench.common.errors import PrunebenchError
from prunebench.common.machine import may_have_gpu

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of `mallopt` in glibc's `malloc.h`; a threshold of -1 is none."""

MMAP_THRESHOLD_MAX = 1 << 30

_DECISIVE = ("prunebench", "claims/*.py", "claims/*.yaml")
"""Files of a checkout that numbers depend on."""


BUILT_FROM = "prunebench/COMMIT"
"""File of an installed package with the commit that it was built from, seen from the folder of packages."""


@cache
def commit() -> str:
    """Return the commit of this checkout of prunebench, or that which the installed one was built from, or `unknown`.

    It ends in `-dirty` where what numbers depend on was changed. `data.dvc`, which a run writes, is no such thing.
    """
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        built = root / BUILT_FROM
        return built.read_text().strip() if built.exists() else "unknown"
    try:
        head = _git(root, "rev-parse", "--short=12", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", *_DECISIVE)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{head}-dirty" if changed else head


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()


@cache
def processor() -> str:
    """Return the model name of the CPU."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


@cache
def versions() -> dict[str, str]:
    """Return the versions of what a number may depend on."""
    packages = ("prunebench", "torch", "torch-pruning", "scikit-learn", "numpy")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def gpus() -> int:
    """Return how many CUDA devices PyTorch can use here; it is loaded, which takes seconds, where there may be any."""
    if not may_have_gpu():
        return 0
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a driver that is too old, where the CPU serves
        return torch.cuda.device_count() if torch.cuda.is_available() else 0


def device(wanted: str, found: int, worker: int = 0) -> str:
    """Return the device of one worker's trainings, as PyTorch names it; workers take the GPUs in turn.

    Args:
        wanted: `cpu`, `cuda`, or `auto` for CUDA where there is a GPU.
        found: GPUs of this machine.
        worker: number of this process, from 0.

    Raises:
        PrunebenchError: CUDA is asked for and not there.
    """
    if wanted == "cuda" and not found:
        raise PrunebenchError("device cuda: PyTorch finds no CUDA device here; cpu is valid, and so is auto")
    return "cpu" if wanted == "cpu" or not found else f"cuda:{worker % found}"


def configure(device: str, deterministic: bool = False) -> None:
    """Settle for this process how numbers are computed: float32 means it, without TF32, whatever PyTorch's default is.

    Args:
        device: of its trainings.
        deterministic: equal trainings give equal bits on a GPU too, at some speed; operations that cannot raise.
    """
    import torch

    _keep_memory()
    torch.backends.cuda.matmul.fp32_precision = "ieee"
    torch.backends.cudnn.conv.fp32_precision = "ieee"  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = not deterministic
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    if device != "cpu":
        torch.cuda.set_device(device)


def _keep_memory() -> None:
    """Let glibc's allocator keep what is freed: fetching large tensors' memory anew each time costs up to a third."""
    with suppress(AttributeError, OSError, TypeError):  # another C library has no such function
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, size in ((M_MMAP_THRESHOLD, MMAP_THRESHOLD_MAX), (M_TRIM_THRESHOLD, -1)):
            mallopt(parameter, size)


def hardware(device: str, threads: int) -> str:
    """Return what a training ran on, for people."""
    import torch

    cpu = f"{processor()}, {threads} thread{'s' * (threads > 1)}"
    return cpu if device == "cpu" else f"{torch.cuda.get_device_name(device)}, {cpu}"

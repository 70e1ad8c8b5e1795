"""What this process may use of the machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

NODES = Path("/dev")

GPU_NODES = ("nvidiactl", "nvhost-gpu", "nvgpu", "dxg", "kfd")
"""Devices of NVIDIA's drivers on Linux, of Windows' below WSL, and of AMD's, which PyTorch's CUDA serves as well."""


def cores() -> int:
    """Return how many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def may_have_gpu() -> bool:
    """Return whether there may be a GPU, which on Linux is known without loading PyTorch."""
    return sys.platform != "linux" or any((NODES / name).exists() for name in GPU_NODES)

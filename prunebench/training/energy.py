"""How much energy a training takes of its GPU, where the GPU counts it."""

from __future__ import annotations

from typing import Any

import pynvml
import torch


class Meter:
    """Counts from when it is made."""

    def __init__(self, device: str, resumed: bool = False) -> None:
        """Start counting on a CUDA device; a CPU has no counter, and a resumed training began before this one."""
        self._handle = None if device == "cpu" or resumed else _handle(device)
        self._before = self._counter()

    def facts(self) -> dict[str, float]:
        """Return `energy`, the joules that the whole GPU took meanwhile; nothing where it does not tell."""
        now = self._counter()
        return {} if now is None or self._before is None else {"energy": round(now - self._before, 1)}

    def _counter(self) -> float | None:
        """Return the joules since the driver was loaded (Volta and later)."""
        if self._handle is None:
            return None
        try:
            return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)) / 1000
        except pynvml.NVMLError:
            return None


def _handle(device: str) -> Any:
    """Return NVML's handle of a CUDA device, found by its UUID since NVML numbers all GPUs; None where it has none."""
    try:
        pynvml.nvmlInit()
        return pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
    except pynvml.NVMLError:
        return None

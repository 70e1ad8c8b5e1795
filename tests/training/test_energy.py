"""The energy of a training, by a counter like NVML's."""

from types import SimpleNamespace

import pynvml
import pytest
import torch

from prunebench.training.energy import Meter


@pytest.fixture
def counter(monkeypatch):
    """Let there be one GPU with the UUID `4e1f` whose counter stands at the millijoules that are set."""
    gpu = SimpleNamespace(uuid="4e1f", millijoules=5_000_000)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: gpu)
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByUUID", {"GPU-4e1f": gpu}.__getitem__)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetTotalEnergyConsumption", lambda handle: handle.millijoules)
    return gpu


def test_joules_are_counted_from_the_start(counter):
    meter = Meter("cuda:0")
    counter.millijoules += 12_345
    assert meter.facts() == {"energy": 12.3}


def test_nothing_is_told_of_a_resumed_training(counter):
    meter = Meter("cuda:0", resumed=True)
    counter.millijoules += 12_345
    assert meter.facts() == {}


def test_nothing_is_told_where_the_gpu_does_not_count(counter, monkeypatch):
    def unsupported(handle):
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    monkeypatch.setattr(pynvml, "nvmlDeviceGetTotalEnergyConsumption", unsupported)
    assert Meter("cuda:0").facts() == {}


@pytest.mark.skipif(torch.cuda.is_available(), reason="without a driver only")
def test_nothing_is_told_without_nvml_or_on_a_cpu():
    assert Meter("cpu").facts() == Meter("cuda:0").facts() == {}

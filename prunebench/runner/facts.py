"""What is stored of an outcome beside its spec: facts as plain data, and the content of its files."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from statistics import median
from typing import Any

import torch
from safetensors.torch import save
from torch import nn

from prunebench.networks.flops import Cost
from prunebench.runner import environment
from prunebench.runner.workshop import Workshop
from prunebench.training.checkpoint import Epoch


def size(cost: Cost) -> dict[str, Any]:
    """Return the parameters, FLOPs and multiply-accumulates of a network, and their convention if not the paper's."""
    convention = {} if cost.convention == "paper" else {"convention": cost.convention}
    return {"parameters": cost.parameters, "flops": cost.flops, "macs": cost.macs, **convention}


def of_training(history: list[Epoch], images: int, began: datetime, workshop: Workshop) -> dict[str, Any]:
    """Return what is stored of any training.

    Args:
        history: all its epochs, those before an interruption as well.
        images: that it was trained on.
        began: when this process began.
        workshop: where it was trained.
    """
    seconds = sum(epoch.seconds for epoch in history)
    return {"epochs": len(history)} | _speed(images, history) | circumstances(began, seconds, workshop)


def files(history: list[Epoch], network: nn.Module) -> dict[str, bytes]:
    """Return the files of a training: its epochs, a line each, and its last weights."""
    return {"history.csv": _csv(history), "weights.safetensors": weights(network)}


def _speed(images: int, history: list[Epoch]) -> dict[str, float]:
    """Return images per second of the median epoch, its test included; nothing without epochs."""
    seconds = [epoch.seconds for epoch in history]
    return {"images_per_second": round(images / median(seconds), 1)} if seconds else {}


def circumstances(began: datetime, seconds: float, workshop: Workshop) -> dict[str, Any]:
    """Return when it was computed, how long that took, on what hardware and with which versions."""
    return {
        "started": began.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "commit": environment.commit(),
        "hardware": environment.hardware(workshop.device, workshop.threads),
        "versions": environment.versions(),
    }


def weights(network: nn.Module) -> bytes:
    """Return the content of `weights.safetensors`."""
    state: Mapping[str, torch.Tensor] = network.state_dict()
    return save({name: tensor.contiguous() for name, tensor in state.items()})


def _csv(history: list[Epoch]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, [f.name for f in fields(Epoch)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(epoch) for epoch in history)
    return text.getvalue().encode()

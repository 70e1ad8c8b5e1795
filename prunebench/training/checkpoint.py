"""Partial checkpoints: what a killed training needs to go on with the same bits. Safetensors only; no pickle."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn


@dataclass(frozen=True)
class Epoch:
    """The course of one epoch.

    Attributes:
        epoch: number, 1-based.
        lr: learning rate.
        train_loss: mean loss over the training images, while training.
        train_accuracy: percent, while training; None for a detector, whose training does not tell.
        test_loss: mean cross-entropy over the test images, after the epoch; None for a detector.
        test_accuracy: percent, after the epoch; the mean average precision of a detector.
        seconds: wall time, test included.
    """

    epoch: int
    lr: float
    train_loss: float
    train_accuracy: float | None
    test_loss: float | None
    test_accuracy: float
    seconds: float


@dataclass
class Partial:
    """The file that a training writes after its epochs, as often as its share of the time allows, and starts from.

    Attributes:
        path: its place.
        share: of the wall time that writing may take; the first epoch is always written.
    """

    path: Path
    share: float = 0.02
    _quiet_until: float = field(default=0.0, init=False)

    def save(self, network: nn.Module, optimiser: torch.optim.Optimizer, history: list[Epoch]) -> None:
        """Write the state, beside and renamed, so that a kill leaves the old file or the new one."""
        began = time.perf_counter()
        if began < self._quiet_until:
            return
        beside = self.path.with_suffix(f".{os.getpid()}")
        save_file(_state(network, optimiser), beside, {"history": json.dumps([asdict(e) for e in history])})
        beside.replace(self.path)
        ended = time.perf_counter()
        self._quiet_until = ended + (ended - began) / self.share

    def restore(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> list[Epoch]:
        """Load the state into network and optimiser and return the epochs that are done; none if it is of no use."""
        try:
            with safe_open(self.path, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
                history = [Epoch(**epoch) for epoch in json.loads(file.metadata()["history"])]
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return []
        network.load_state_dict({n[2:]: t for n, t in tensors.items() if n.startswith("w.")})
        for name, parameter in network.named_parameters():
            if f"m.{name}" in tensors:
                buffer = torch.empty_like(parameter, requires_grad=False)  # in its memory layout
                optimiser.state[parameter]["momentum_buffer"] = buffer.copy_(tensors[f"m.{name}"])
        return history


def _state(network: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = {f"w.{name}": tensor.contiguous() for name, tensor in network.state_dict().items()}
    for name, parameter in network.named_parameters():
        buffer = optimiser.state[parameter].get("momentum_buffer")
        if buffer is not None:
            state[f"m.{name}"] = buffer.contiguous()
    return state

"""Partial checkpoints: what a killed training needs to go on with the same bits. Safetensors only; no pickle.

No generator has a state to be kept: each epoch draws from generators of its own, made from the seed and its number.
"""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from prunebench.common.folders import write_whole


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
        """Write the state, beside and renamed, so that a kill leaves the old file or the new one.

        Where it cannot be written the training goes on, with a warning: only a kill would make it lose anything.
        """
        began = time.perf_counter()
        if began < self._quiet_until:
            return
        tensors, epochs = _state(network, optimiser), json.dumps([asdict(e) for e in history])
        try:
            write_whole(self.path, save(tensors, {"history": epochs, "digest": self._digest(tensors, epochs)}))
        except OSError as error:
            warnings.warn(
                f"cannot write the partial checkpoint {self.path}: {error.strerror or error}. The training goes on; "
                "if it is killed, it starts from its last partial checkpoint that was written",
                stacklevel=2,
            )
        ended = time.perf_counter()
        self._quiet_until = ended + (ended - began) / self.share

    def restore(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> list[Epoch]:
        """Load the state into network and optimiser and return the epochs that are done.

        One that is not whole is not used, with a warning, and nothing is loaded: no epoch is done.
        """
        if not self.path.exists():
            return []
        try:
            tensors, history = self._read()
            weights = {name[2:]: tensor for name, tensor in tensors.items() if name.startswith("w.")}
            if {n: t.shape for n, t in weights.items()} != {n: t.shape for n, t in network.state_dict().items()}:
                raise ValueError("it is of another network")
        except Exception as error:  # what readers of a damaged header raise is theirs to choose
            warnings.warn(
                f"the partial checkpoint {self.path} is not used: {error or type(error).__name__}. "
                "The training starts anew",
                stacklevel=2,
            )
            return []
        network.load_state_dict(weights)
        for name, parameter in network.named_parameters():
            if f"m.{name}" in tensors:
                buffer = torch.empty_like(parameter, requires_grad=False)  # in its memory layout
                optimiser.state[parameter]["momentum_buffer"] = buffer.copy_(tensors[f"m.{name}"])
        return history

    def _read(self) -> tuple[dict[str, Tensor], list[Epoch]]:
        """Return the tensors and the epochs of a file that is whole."""
        with safe_open(self.path, "pt") as file:
            told: dict[str, str] = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        if "digest" not in told or "history" not in told:
            raise ValueError("it has no digest, as those of earlier versions")
        if told["digest"] != self._digest(tensors, told["history"]):
            raise ValueError("it is damaged, or of another training: its content has another digest")
        return tensors, [Epoch(**epoch) for epoch in json.loads(told["history"])]

    def _digest(self, tensors: dict[str, Tensor], history: str) -> str:
        """Return the sha256 of the file's name, which says of what training it is, and of all that it holds."""
        found = hashlib.sha256(json.dumps([self.path.name, history]).encode())
        for name, tensor in sorted(tensors.items()):
            found.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
            found.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().data)
        return found.hexdigest()


def _state(network: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = {f"w.{name}": tensor.contiguous() for name, tensor in network.state_dict().items()}
    for name, parameter in network.named_parameters():
        buffer = optimiser.state[parameter].get("momentum_buffer")
        if buffer is not None:
            state[f"m.{name}"] = buffer.contiguous()
    return state

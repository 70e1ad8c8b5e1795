"""The step of training as a CUDA graph: recorded once and replayed without Python between the kernels."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn

from prunebench.specs.experiment import Recipe
from prunebench.training.engine import Engine, Hook
from prunebench.training.schedule import lr_at

WARM_UP = 3
"""Steps before the first recording, in which libraries choose their kernels and the momentum comes to be."""


@cache
def _beside(device: torch.device) -> torch.cuda.Stream:
    """Return the stream that warms up and records: one for all trainings, as cuBLAS keeps a workspace for each."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


class GraphEngine(Engine):
    """The same steps as `Engine`, for a network on a GPU.

    Learning rate and whatever a regulariser has grown to are constants in a recording: an epoch in which they may have
    changed makes its own. A last batch that is smaller, and the steps of the warm-up, run operation by operation; the
    warm-up reads the batch from where the recording will, since cuDNN searches anew for strides that it has not seen,
    and cannot while recording.
    """

    def __init__(self, network: nn.Module, recipe: Recipe, regulariser: Hook | None = None) -> None:
        """Prepare a network for its training; the regulariser must neither count its calls nor wait for the device."""
        super().__init__(network, recipe, regulariser)
        self._warmed = 0
        self._lr: float | None = None
        self._batch: tuple[Tensor, Tensor] | None = None
        self._graph: torch.cuda.CUDAGraph | None = None

    def begin(self, epoch: int) -> None:
        """Make ready for the steps of an epoch (0-based)."""
        super().begin(epoch)
        lr = lr_at(self.recipe, epoch)
        if self.regulariser is not None or lr != self._lr:
            self._graph, self._lr = None, lr

    def step(self, images: Tensor, labels: Tensor) -> None:
        """Take one step on images [N, C, H, W] and labels [N] of the network's device."""
        if len(images) < self.recipe.batch_size:
            super().step(images, labels)
            return
        batch = self._placed(images, labels)
        if self._warmed < WARM_UP:
            self._warm_up(*batch)
            return
        if self._graph is None:
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph, stream=_beside(self.device)):
                super().step(*batch)
        self._graph.replay()

    def _placed(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        if self._batch is None:
            self._batch = images.clone(memory_format=torch.channels_last), labels.clone()
        for place, new in zip(self._batch, (images, labels), strict=True):
            place.copy_(new)
        return self._batch

    def _warm_up(self, images: Tensor, labels: Tensor) -> None:
        side, current = _beside(self.device), torch.cuda.current_stream(self.device)
        side.wait_stream(current)
        with torch.cuda.stream(side):
            super().step(images, labels)
        current.wait_stream(side)
        self._warmed += 1


def engine(network: nn.Module, recipe: Recipe, regulariser: Hook | None = None, recordable: bool = True) -> Engine:
    """Return what takes a training's steps: recorded on a GPU, if the regulariser can be, else operation by operation.

    Args:
        network: on the device of the training.
        recipe: how it is trained.
        regulariser: acts on the gradients of every step.
        recordable: whether network and regulariser neither count their calls nor wait for the device.
    """
    on_gpu = next(network.parameters()).is_cuda
    return (GraphEngine if on_gpu and recordable else Engine)(network, recipe, regulariser)

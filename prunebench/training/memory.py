"""How much memory a training needs: read from the allocator on a GPU, counted on a CPU."""

from __future__ import annotations

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prunebench.datasets.images import Images, batches
from prunebench.training.layout import layout


class Gauge:
    """Tells the memory that a training needs; made before its network comes to the device."""

    def __init__(self, device: str) -> None:
        """Start measuring on a GPU; on a CPU nothing is measured."""
        self._device = None if device == "cpu" else device
        if self._device is not None:
            torch.cuda.reset_peak_memory_stats(self._device)
            self._before = torch.cuda.memory_allocated(self._device)

    def read(self, network: nn.Module, images: Images, batch_size: int) -> int:
        """Return bytes: of a GPU the highest that tensors took since, beside the dataset; of a CPU `counted`."""
        if self._device is not None:
            return torch.cuda.max_memory_allocated(self._device) - self._before
        return counted(network, *next(batches(images.train, images.train_labels, batch_size, 0, 0)))


def counted(network: nn.Module, images: Tensor, labels: Tensor) -> int:
    """Return the bytes that one training step holds between its passes, the same on every machine.

    Counted are parameters, gradients, momentum and what the forward pass saves for the backward pass, each storage
    once; not the buffers that operations use in passing. The network is left as it was.

    Args:
        network: with weights in float32.
        images: one batch, [N, C, H, W].
        labels: their classes, [N].
    """
    copy = deepcopy(network).train()
    own = {tensor.untyped_storage().data_ptr() for tensor in (*copy.parameters(), *copy.buffers())}
    saved: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor.detach()  # an output that its own graph holds is never freed

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = F.cross_entropy(copy(images.contiguous(memory_format=layout(copy))), labels)
    activations = sum(size for address, size in saved.items() if address not in own)
    del loss  # it kept all that was saved alive, so that no address came twice
    return activations + 3 * sum(parameter.nbytes for parameter in copy.parameters())

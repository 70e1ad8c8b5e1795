"""How much memory a training needs: measured on a GPU, counted on a CPU."""

from __future__ import annotations

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prunebench.datasets.images import Images, batches
from prunebench.specs.experiment import Recipe
from prunebench.training.engine import Engine
from prunebench.training.layout import layout


def needed(network: nn.Module, images: Images, recipe: Recipe) -> int:
    """Return the bytes that a step of a training holds beside the dataset; the network is left as it was.

    On a GPU it is the most that the allocator gave out (`measured`), on a CPU what one adds up (`counted`).
    """
    some, labels = next(batches(images.train, images.train_labels, recipe.batch_size, 0, 0))
    return measured(network, some, labels, recipe) if some.is_cuda else counted(network, some, labels)


def measured(network: nn.Module, images: Tensor, labels: Tensor, recipe: Recipe) -> int:
    """Return the most bytes that tensors take on a GPU during one step: what is counted, and what comes in passing.

    A step before it is not measured: in it libraries try out their kernels and take workspaces, which they keep.
    """
    engine = Engine(deepcopy(network), recipe)
    engine.begin(0)
    engine.step(images, labels)
    torch.cuda.reset_peak_memory_stats(images.device)
    own = 3 * sum(p.nbytes for p in engine.network.parameters()) + sum(b.nbytes for b in engine.network.buffers())
    beside = torch.cuda.memory_allocated(images.device) - own
    engine.step(images, labels)
    return torch.cuda.max_memory_allocated(images.device) - beside


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

"""How fresh weights are drawn, for the shapes that a network has now: dense or pruned."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from prunebench.common.errors import PrunebenchError
from prunebench.common.randomness import seeded


class Family(nn.Module):
    """A network with its own rule for fresh weights; the defaults are those of the paper's slimming models.

    Attributes:
        norm_scale: initial scale of two-dimensional batch normalisation.
        vector_norm_scale: the same of one-dimensional batch normalisation.
        linear_std: standard deviation of the weights of linear layers; None for PyTorch's own rule.
        fan: which channels set the spread of a convolution's weights, its `out` or its `in` channels.
    """

    norm_scale: float = 0.5
    vector_norm_scale: float = 1.0
    linear_std: float | None = None
    fan: Literal["in", "out"] = "out"


def fresh(build: Callable[[], nn.Module], generator: torch.Generator) -> nn.Module:
    """Return a new network with weights by `initialise`, or, where that has no rule for a layer, with its own.

    Those without rules hold parameters outside of layers, as torchvision's vision transformers and ConvNeXt do.

    Args:
        build: makes the network, drawing weights from torch's global generator.
        generator: newly seeded; source of all randomness, while the global generator is left as it was.
    """
    with seeded(generator.initial_seed()):
        network = build()
    if drawable(network):
        initialise(network, generator)
    return network


def drawable(network: nn.Module) -> bool:
    """Return whether `initialise` has a rule for every layer of a network."""
    return all(
        isinstance(layer, nn.Conv2d | nn.Linear | _BatchNorm)
        or hasattr(layer, "reset_parameters")
        or next(layer.parameters(recurse=False), None) is None
        for layer in network.modules()
    )


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Draw every weight anew and reset the running statistics.

    Convolutions are drawn from N(0, sqrt(2 / (k k out_channels))), with in_channels where the family's fan is `in`, so
    a pruned network gets the spread of its own width (paper's code, `models/*.py`), linear layers by the family's rule
    or PyTorch's. A layer that is neither, nor batch normalisation, draws by its own `reset_parameters`.

    Args:
        module: network to change in place; one that is no `Family` gets scale 1 and PyTorch's rule for linear layers.
        generator: source of all randomness; equal states give equal bits.

    Raises:
        PrunebenchError: a layer holds parameters and has no `reset_parameters`.
    """
    linear_std, fan = getattr(module, "linear_std", None), getattr(module, "fan", "out")
    scales = {
        nn.BatchNorm2d: getattr(module, "norm_scale", 1.0),
        nn.BatchNorm1d: getattr(module, "vector_norm_scale", 1.0),
    }
    with torch.no_grad():
        for name, layer in module.named_modules():
            if isinstance(layer, nn.Conv2d):
                channels = layer.in_channels if fan == "in" else layer.out_channels
                _normal(layer, math.sqrt(2 / (math.prod(layer.kernel_size) * channels)), generator)
            elif isinstance(layer, nn.Linear) and linear_std is not None:
                _normal(layer, linear_std, generator)
            elif isinstance(layer, nn.Linear):
                _uniform(layer, 1 / math.sqrt(layer.in_features), generator)
            elif isinstance(layer, _BatchNorm):
                _normalisation(layer, scales.get(type(layer), 1.0))
            elif next(layer.parameters(recurse=False), None) is not None:
                _own_rule(name, layer, generator)


def _normal(layer: nn.Conv2d | nn.Linear, std: float, generator: torch.Generator) -> None:
    layer.weight.copy_(_empty(layer.weight, generator).normal_(0, std, generator=generator))
    if layer.bias is not None:
        layer.bias.zero_()


def _uniform(layer: nn.Linear, bound: float, generator: torch.Generator) -> None:
    for parameter in layer.parameters():
        parameter.copy_(_empty(parameter, generator).uniform_(-bound, bound, generator=generator))


def _empty(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.empty(
        like.shape, device=generator.device
    )  # so that a network on a GPU gets the bits of one on the CPU


def _normalisation(layer: _BatchNorm, scale: float) -> None:
    layer.reset_parameters()
    if layer.affine:
        layer.weight.fill_(scale)


def _own_rule(name: str, layer: nn.Module, generator: torch.Generator) -> None:
    rule = getattr(layer, "reset_parameters", None)
    if rule is None:
        raise PrunebenchError(
            f"no rule for fresh weights of {name or 'the network'} ({type(layer).__name__}): it holds parameters "
            "of its own; give its class a method reset_parameters()"
        )
    seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    with seeded(seed, layer):
        rule()

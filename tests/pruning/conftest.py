"""One tiny network of each family, with batch statistics and scales as training would leave them."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from prunebench.networks import build
from prunebench.pruning import Context
from prunebench.specs.experiment import Network, options

TINY = {
    "vgg": options(widths=(4, "M", 6, 5), hidden=(7,)),
    "preresnet": options(blocks=2, widths=(3, 4)),
    "densenet": options(growth=3, layers=2),
}


@pytest.fixture(scope="session")
def example() -> torch.Tensor:
    return torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="session")
def context(example: torch.Tensor) -> Context:
    return Context(example, example, torch.tensor([0, 1]), torch.Generator().manual_seed(0))


@pytest.fixture(scope="session")
def trained() -> Callable[..., nn.Module]:
    """Return a function that builds a tiny network of a family with random weights, in training mode."""

    def make(family: str, seed: int = 0) -> nn.Module:
        network = build(Network(family, TINY[family]), channels=1, classes=3)
        generator = torch.Generator().manual_seed(seed)
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                low = 0.2 if "norm" in name and name.endswith(("weight", "var")) else -0.5
                tensor.uniform_(low, 1, generator=generator)
        return network

    return make

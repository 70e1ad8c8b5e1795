"""A scratch arm of a network that no rule of ours can draw: its own first weights, cut by the plan."""

import json

import torch
from torchvision.models import convnext_tiny

from prunebench.common.randomness import rng
from prunebench.datasets.available import describe
from prunebench.pruning.plan import Plan
from prunebench.runner.trained import starting_network
from prunebench.specs.experiment import Dataset, Method, Network, Pruning, Recipe, Start, Training, options
from prunebench.store.store import Store

LAYER, KEPT = "features.1.0.block.3", range(0, 384, 3)


def test_a_scratch_arm_takes_what_the_network_draws_itself(tmp_path) -> None:
    store = Store(tmp_path / "data", tmp_path / "work")
    store.prepare()
    digits = Dataset("digits", describe("digits").digest, options(size=32))
    dense = Training(digits, Network("torchvision", options(name="convnext_tiny")), Recipe(1), seed=3)
    pruning = Pruning(dense, Method("l1"), 0.5)
    plan = Plan({LAYER: KEPT}, {LAYER: 384})
    store.put(pruning, {}, {"plan.json": json.dumps(plan.to_json()).encode()})
    scratch = starting_network(Training(digits, dense.network, Recipe(1), 3, Start(pruning)), store)
    torch.manual_seed(rng(3, "scratch").initial_seed())
    own = convnext_tiny(num_classes=10)
    for name, weight in scratch.named_parameters():
        drawn = own.get_parameter(name).detach()
        if name.startswith(LAYER):
            drawn = drawn[KEPT]
        elif name == "features.1.0.block.5.weight":
            drawn = drawn[:, KEPT]
        if not name.startswith("features.0.0"):  # the convolution that reads the images has another number of channels
            assert torch.equal(weight, drawn), name

"""Our loop against the plain one."""

import pytest
import torch
from tiny import TINY

from prunebench.benchmark import _plain, bench
from prunebench.datasets import registry
from prunebench.errors import PrunebenchError
from prunebench.networks import build, initialise
from prunebench.randomness import rng
from prunebench.tiers import SMOKE


def test_a_comparison_has_what_its_contract_names():
    (found,) = bench(TINY, ["VGG-19"], rounds=2)
    assert list(found)[:8] == ["network", "dataset", "batch_size", "device", "ours", "plain", "ratio", "spread"]
    assert found["ours"] > 0
    assert found["spread"][0] <= found["ratio"] <= found["spread"][1]
    assert 0 < found["input_share"] < 1


def test_the_plain_loop_really_trains():
    data = registry.load(registry.describe("digits").spec())
    network = build(SMOKE.network("VGG-11"), 1, 10)
    initialise(network, rng(0, "init"))
    epoch = _plain(network, data, SMOKE.recipes_for("VGG-11").finetune)
    for _ in range(4):
        epoch()
    network.eval()
    assert (network(data.test).argmax(1) == data.test_labels).float().mean() > 0.7


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_where_there_is_none_is_a_clear_error():
    with pytest.raises(PrunebenchError, match="finds no CUDA device here; use --device cpu"):
        next(bench(TINY, ["VGG-19"], device="cuda"))

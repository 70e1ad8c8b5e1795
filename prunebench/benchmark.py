"""`prunebench bench`: our training loop against the plain loop that a user would write, interleaved in one run.

Contract: the same network, images, batch size, optimiser and precision on both sides; one epoch of each in turn,
so that a drifting machine slows both; the ratio is taken round by round, its median given with lowest and highest.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from prunebench import networks
from prunebench.datasets import registry
from prunebench.datasets.images import Images, batches
from prunebench.errors import PrunebenchError
from prunebench.experiment import Recipe
from prunebench.randomness import rng
from prunebench.tiers import Tier
from prunebench.training.engine_graph import engine as engine_for
from prunebench.training.loop import train_epoch


def bench(
    tier: Tier, names: list[str], device: str = "cpu", rounds: int = 5, threads: int = 1
) -> Iterator[dict[str, Any]]:
    """Yield one comparison per network of a tier.

    Args:
        tier: gives networks, dataset and recipes.
        names: the paper's names of the networks.
        device: `cpu` or `cuda`.
        rounds: pairs of epochs that count; one pair before them does not.
        threads: CPU threads of either side.

    Yields:
        `network, dataset, batch_size, device, ours, plain` (images per second, medians), `ratio` (median over the
        rounds), `spread` (lowest and highest ratio), `input_share` (of our epoch, for choosing and gathering batches).

    Raises:
        PrunebenchError: CUDA is asked for and not there.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise PrunebenchError("--device cuda: PyTorch finds no CUDA device here; use --device cpu")
    torch.set_num_threads(threads)
    data = registry.load(registry.describe(tier.dataset).spec()).to(device)
    for name in names:
        recipe = tier.recipes_for(name).dense
        network = networks.build(tier.network(name), data.example.shape[1], data.classes)
        networks.initialise(network, rng(0, "init"))
        ours, plain = _ours(deepcopy(network).to(device), data, recipe), _plain(network.to(device), data, recipe)
        pairs = [(_seconds(plain, device), _seconds(ours, device)) for _ in range(rounds + 1)][1:]
        ratios = [slow / fast for slow, fast in pairs]
        inputs = _seconds(partial(_read, data, recipe), device)
        fast = statistics.median(pair[1] for pair in pairs)
        yield {
            "network": name,
            "dataset": tier.dataset,
            "batch_size": recipe.batch_size,
            "device": device,
            "ours": round(len(data.train) / fast, 1),
            "plain": round(len(data.train) / statistics.median(pair[0] for pair in pairs), 1),
            "ratio": round(statistics.median(ratios), 2),
            "spread": [round(min(ratios), 2), round(max(ratios), 2)],
            "input_share": round(inputs / fast, 4),
        }


def _read(data: Images, recipe: Recipe) -> None:
    for _ in batches(data.train, data.train_labels, recipe.batch_size, 0, 0):
        pass


def _ours(network: nn.Module, data: Images, recipe: Recipe) -> Callable[[], Any]:
    engine = engine_for(network, recipe)
    return lambda: train_epoch(engine, data, 0, 0)


class _Scans(Dataset[tuple[Tensor, int]]):
    """The training images as a user would hold them: arrays of bytes, turned into tensors one by one."""

    def __init__(self, data: Images) -> None:
        train = data.train[:]
        span = train.amax() - train.amin()
        self.scans = ((train - train.amin()) / span * 255).byte().cpu().permute(0, 2, 3, 1).numpy()
        self.labels = data.train_labels.tolist()
        mean, std = [float(self.scans.mean() / 255)], [float(self.scans.std() / 255)]
        self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean, std)])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        return self.transform(np.ascontiguousarray(self.scans[i])), self.labels[i]


def _plain(network: nn.Module, data: Images, recipe: Recipe) -> Callable[[], None]:
    """Return one epoch of the textbook loop: DataLoader, torchvision's transforms, a loss fetched at every step."""
    loader = DataLoader(_Scans(data), batch_size=recipe.batch_size, shuffle=True)
    optimiser = torch.optim.SGD(network.parameters(), recipe.lr, recipe.momentum, weight_decay=recipe.weight_decay)
    device = data.train_labels.device

    def epoch() -> None:
        network.train()
        total, correct = 0.0, 0
        for images, labels in loader:
            some, wanted = images.to(device), labels.to(device)
            optimiser.zero_grad()
            scores = network(some)
            loss = F.cross_entropy(scores, wanted)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += loss.item() * len(some)
            correct += (scores.argmax(1) == wanted).sum().item()

    return epoch


def _seconds(work: Callable[[], Any], device: str) -> float:
    began = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began

"""What the user asked for, resolved once per process: folders, tier, seeds, method, datasets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from prunebench.datasets.registry import require, substitutes
from prunebench.errors import PrunebenchError
from prunebench.folders import work_folder
from prunebench.tiers import Tier, choose


@dataclass(frozen=True)
class Settings:
    """The options of one run.

    Attributes:
        root: folder that relative paths start from.
        data: what DVC versions: datasets, checkpoints, records.
        work: locks, partial checkpoints and progress; needs no keeping.
        tier: how big the run is.
        why: why this tier.
        seeds: 0, 1, ... of every row.
        strict: whether INCONCLUSIVE fails.
        method: a user's method as `path/to/file.py:NAME` or the name of an installed one, empty for none.
        workers: processes that share this machine.
        datasets: what stands for datasets of the paper in place of the tier's, each as `PAPER=OURS`.
    """

    root: Path
    data: Path
    work: Path
    tier: Tier
    why: str
    seeds: tuple[int, ...]
    strict: bool
    method: str
    workers: int = 1
    datasets: tuple[str, ...] = ()

    @property
    def threads(self) -> int:
        """CPU threads of one training: the tier's, else so many that the workers share the cores."""
        return self.tier.threads or max(1, cores() // self.workers)

    @property
    def method_file(self) -> Path | None:
        """File of the user's method, None if it has none."""
        return self.root / self.method.rpartition(":")[0] if ":" in self.method else None

    @property
    def reference(self) -> str:
        """The user's method with the full path of its file, or the name of an installed one."""
        return str(self.root / self.method) if ":" in self.method else self.method

    def command(self, expression: str) -> str:
        """Return the command that repeats what `expression` selects, as records have it."""
        words = ["--pb-tier", self.tier.name, "--pb-seeds", str(len(self.seeds))]
        words += [word for pair in self.datasets for word in ("--pb-dataset", pair)]
        words += ["--pb-method", self.method] if self.method else []
        return f'pytest claims -k "{expression}" {" ".join(words)}'


def resolve(
    root: Path,
    data: str,
    tier: str,
    seeds: int | None,
    strict: bool,
    method: str,
    workers: int = 1,
    dataset: Sequence[str] = (),
) -> Settings:
    """Return the settings, checked.

    Raises:
        PrunebenchError: an unknown tier or dataset, one that is not here, or fewer than one seed.
    """
    chosen, why = choose(tier)
    if seeds is not None and seeds < 1:
        raise PrunebenchError(f"--pb-seeds {seeds}: give 1 or more; a verdict needs 2, this tier takes {chosen.seeds}")
    folder = root / data
    count = seeds or chosen.seeds
    work = work_folder(folder)
    chosen = replace(chosen, substitutes=dict(chosen.substitutes) | substitutes(dataset, folder))
    require(chosen.dataset, folder)
    return Settings(root, folder, work, chosen, why, tuple(range(count)), strict, method, workers, tuple(dataset))


def cores() -> int:
    """Return how many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

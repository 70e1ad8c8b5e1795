"""What the user asked for, resolved once per process: folders, tier, seeds, method, network, datasets, device."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunebench.common import userfile
from prunebench.common.errors import PrunebenchError
from prunebench.common.folders import work_folder
from prunebench.common.machine import cores
from prunebench.datasets.available import own, require, substitutes
from prunebench.datasets.catalogue import DETECTION
from prunebench.judging.sequential import Look, looks
from prunebench.protocol.tables import load
from prunebench.protocol.tiers import Tier, base, choose, with_names
from prunebench.runner.environment import gpus
from prunebench.specs.experiment import Network

if TYPE_CHECKING:
    from prunebench.protocol.jobs import Job

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Settings:
    """The options of one run.

    Attributes:
        root: folder that relative paths start from.
        data: what DVC versions: datasets, checkpoints, records.
        work: locks, partial checkpoints and progress; needs no keeping.
        tier: how big the run is.
        why: why this tier.
        seeds: 0, 1, ... of every row, at most.
        strict: whether INCONCLUSIVE fails.
        method: a user's method as `path/to/file.py:NAME` or the name of an installed one, empty for none.
        workers: processes that share this machine.
        looks: how many of the seeds are judged, one look after the other until a verdict is settled.
        datasets: what stands for datasets of the paper in place of the tier's, each as `PAPER=OURS`.
        device: one of `DEVICES`; `auto` is CUDA where there is a GPU.
        deterministic: whether equal trainings give equal bits on a GPU as well.
        deadline: by the clock, seconds since its epoch, when the budget ends; None for no budget.
        network: a user's network as `path/to/file.py:build`, which stands for those of a candidate; empty for none.
        figures: where the figures come from: empty for runs, `records:FOLDER`, or `paper`.
        out: folder of the records that are written; None for `records` below `data`.
        remote: DVC's name of the remote that outcomes are shared by; empty for none.
    """

    root: Path
    data: Path
    work: Path
    tier: Tier
    why: str
    seeds: tuple[int, ...]
    strict: bool = False
    method: str = ""
    workers: int = 1
    looks: tuple[Look, ...] = ()
    datasets: tuple[str, ...] = ()
    device: str = "auto"
    deterministic: bool = False
    deadline: float | None = None
    network: str = ""
    figures: str = ""
    out: Path | None = None
    remote: str = ""

    @property
    def folder(self) -> Path:
        """Folder that the records of this run are written to, one below it for each tier."""
        return self.out or self.data / "records"

    @property
    def judged(self) -> Path | None:
        """Folder of the records that are judged, None where figures come from elsewhere."""
        kind, _, place = self.figures.partition(":")
        return self.root / place if kind == "records" else None

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

    @property
    def seeds_option(self) -> str:
        """The value of `--pb-seeds` that comes to these looks."""
        return f"auto:{self.looks[-1].seeds}" if len(self.looks) > 1 else str(len(self.seeds))

    @cached_property
    def stages(self) -> tuple[Settings, ...]:
        """The settings of each look, with the seeds that it has."""
        return tuple(replace(self, seeds=tuple(range(look.seeds))) for look in self.looks)

    @cached_property
    def _alike(self) -> dict[Any, list[str]]:
        """The paper's rows by the pruning that they come to in this tier."""
        from prunebench.protocol.assignment import job

        found: dict[Any, list[str]] = {}
        for row in load().rows.values():
            if self.tier.has(row):
                found.setdefault((job(row, self.tier).pruning(0), row.setting), []).append(row.id)
        return found

    def twins(self, work: Job) -> list[str]:
        """Return the ids of the other rows of the paper that come to the very same specs in this tier."""
        return [name for name in self._alike.get((work.pruning(0), work.row.setting), []) if name != work.row.id]

    def command(self, expression: str) -> str:
        """Return the command that repeats what `expression` selects, as records have it."""
        words = ["--pb-tier", base(self.tier.name), "--pb-seeds", self.seeds_option]
        words += [word for pair in self.datasets for word in ("--pb-dataset", pair)]
        words += ["--pb-method", self.method] if self.method else []
        words += ["--pb-network", self.network] if self.network else []
        words += ["--pb-deterministic"] if self.deterministic else []
        return f'pytest claims -k "{expression}" {shlex.join(words)}'


def resolve(
    root: Path,
    data: str = "data",
    tier: str = "auto",
    seeds: str | None = None,
    dataset: Sequence[str] = (),
    network: str = "",
    figures: str = "",
    margin: float | None = None,
    confidence: float | None = None,
    **asked: Any,
) -> Settings:
    """Return the settings, checked.

    Args:
        root: folder that relative paths start from.
        data: folder of datasets, checkpoints and records.
        tier: its name, or `auto`.
        seeds: as `--pb-seeds` has it; None for the tier's.
        dataset: what stands for datasets of the paper, each as `PAPER=OURS`.
        network: a user's network, as `path/to/file.py:build`.
        figures: as `--pb-from` has it; empty for runs.
        margin: accuracy points in place of the tier's, for figures that are there already.
        confidence: of each bound in place of the tier's, likewise.
        asked: further attributes of `Settings`, taken as they are.

    Raises:
        PrunebenchError: an unknown tier, device or dataset, a dataset that is not here or does not fit, a number of
            seeds that is none, or a margin or confidence for what is still to be run.
    """
    folder = root / data
    asked |= {"datasets": tuple(dataset), "network": network}
    if figures:
        chosen, why, count = _known(figures, root, tier, dataset, seeds)
        chosen = _judged_by(chosen, margin, confidence)
        planned = looks(count, chosen.seeds, chosen.confidence)
        asked |= {"looks": planned, "figures": figures}
        return Settings(root, folder, work_folder(folder), chosen, why, tuple(range(planned[-1].seeds)), **asked)
    if margin is not None or confidence is not None:
        raise PrunebenchError(
            "--pb-margin and --pb-confidence judge figures that are there: give --pb-from records:FOLDER or paper with "
            "them; a run is judged by its tier's, so that they are known before"
        )
    chosen, why = tier_on(tier, dataset, folder)
    if chosen.dataset and not dataset:  # else a row that needs it says so: those that have a substitute need it not
        require(chosen.dataset, folder)
    if asked.get("device", "auto") not in DEVICES:
        raise PrunebenchError(f"--pb-device {asked['device']}: unknown; valid are {', '.join(DEVICES)}")
    planned = looks(seeds, chosen.seeds, chosen.confidence)
    if network:
        chosen = replace(chosen, networks={**chosen.networks, **_own(root / network)})
    asked |= {"looks": planned}
    return Settings(root, folder, work_folder(folder), chosen, why, tuple(range(planned[-1].seeds)), **asked)


ALL = 10_000
"""Seeds of every recorded arm, as many as there are, where the user names no number."""


def _known(
    figures: str, root: Path, tier: str, dataset: Sequence[str], seeds: str | None
) -> tuple[Tier, str, str | None]:
    """Return the tier of figures that are there, the reason for it, and the seeds that count; no dataset need be here.

    Raises:
        PrunebenchError: there are no such figures.
    """
    kind, _, place = figures.partition(":")
    if figures == "paper" and tier in ("auto", "paper"):
        return choose("paper")[0], "the paper's own numbers", seeds
    if kind != "records" or not place:
        given = f"--pb-from {figures}" + (f" --pb-tier {tier}" if figures == "paper" else "")
        raise PrunebenchError(f"{given}: valid are records:FOLDER, in any tier, and paper, in tier paper")
    from prunebench.judging.from_records import tiers

    name, there = with_names(choose(tier)[0], dataset) if dataset else tier, tiers(root / place)
    if tier == "auto":
        name = there[0] if len(there) == 1 else next((one for one in there if base(one) == "smoke"), "")
    if name not in there:
        raise PrunebenchError(
            f"--pb-from {figures} --pb-tier {name or tier}: that folder has records of {', '.join(there) or 'no tier'}"
        )
    return replace(choose(base(name))[0], name=name), "recorded there", str(ALL) if seeds is None else seeds


def as_recorded(tier: str, seeds: str = str(ALL), method: str = "") -> Settings:
    """Return the settings that judge records of a tier as their run did; it may have had substitutes.

    Args:
        tier: of the records.
        seeds: as `--pb-seeds` had it.
        method: a user's method by its reference; its file need not be here.

    Raises:
        PrunebenchError: this version has no such tier, or `seeds` is no number of seeds.
    """
    chosen = replace(choose(base(tier))[0], name=tier)
    planned = looks(seeds, chosen.seeds, chosen.confidence)
    root, count = Path.cwd(), tuple(range(planned[-1].seeds))
    data, work, why = root / "data", work_folder(root / "data"), "as recorded"
    return Settings(root, data, work, chosen, why, count, method=method, looks=planned, figures="records:.")


def _judged_by(tier: Tier, margin: float | None, confidence: float | None) -> Tier:
    """Return a tier with a margin and a confidence of the user's own.

    Raises:
        PrunebenchError: one is none.
    """
    margin = tier.margin if margin is None else margin
    confidence = tier.confidence if confidence is None else confidence
    if not 0 <= margin <= 100 or not 0.5 < confidence < 1:
        raise PrunebenchError(
            f"--pb-margin {margin:g} --pb-confidence {confidence:g}: give points from 0 to 100, and a probability "
            "above 0.5 and below 1, such as 0.95"
        )
    return replace(tier, margin=margin, confidence=confidence)


def tier_on(name: str, dataset: Sequence[str], folder: Path) -> tuple[Tier, str]:
    """Return a tier with what stands for the paper's datasets in it, and the reason for it.

    Args:
        name: of the tier, or `auto`.
        dataset: what stands for datasets of the paper, each as `PAPER=OURS`.
        folder: of datasets; where each of the paper stands for itself, it is one that is here.

    Raises:
        PrunebenchError: an unknown tier or dataset, a dataset that is not here or does not fit.
    """
    tier, why = choose(name, cuda=name == "auto" and bool(own(folder)) and gpus() > 0)
    mine = {} if tier.dataset else own(folder)
    tier = replace(tier, substitutes={**tier.substitutes, **mine})
    if dataset:
        tier = tier.with_datasets(substitutes(dataset, folder, tier.dataset))
    if DETECTION in tier.substitutes and tier.detecting:
        _check_channels(tier)
    return tier, why


def _check_channels(tier: Tier) -> None:
    """Check that a detector's images have as many channels as those of the classifier that it is built on."""
    classified, detected = tier.description("ImageNet"), tier.description(DETECTION)
    if classified.channels != detected.channels:
        raise PrunebenchError(
            f"detectors are built on classifiers of {classified.name}, whose images have {classified.channels} "
            f"channel(s), those of {detected.name} have {detected.channels}; substitute both, such as with "
            "--pb-dataset imagenet=imagenette --pb-dataset voc07=bccd"
        )


def _own(reference: Path) -> dict[str, Network]:
    """Return a user's network by its name."""
    _, name, source = userfile.read(str(reference))
    return {name: Network(name, source=userfile.digest(source))}

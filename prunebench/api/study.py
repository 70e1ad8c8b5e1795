"""A study of your own: one network, dataset and method, every arm over several seeds."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import torch

from prunebench.api.cutting import MethodLike
from prunebench.api.references import method_file, reference
from prunebench.common import userfile
from prunebench.common.errors import PrunebenchError, UnknownNameError
from prunebench.common.folders import work_folder
from prunebench.datasets.available import require
from prunebench.judging.claim import write
from prunebench.judging.from_runs import FromRuns
from prunebench.judging.sequential import looks
from prunebench.judging.settings import DEVICES, Settings
from prunebench.plugin.worker import runner
from prunebench.protocol.arms import ARMS, PAPER_ARMS
from prunebench.protocol.recipes import Recipes
from prunebench.protocol.tables import Row
from prunebench.protocol.tiers import Tier, choose
from prunebench.records.record import Record
from prunebench.runner.progress import Reader, Status
from prunebench.specs.experiment import Network, Recipe, options, to_json

NetworkLike: TypeAlias = "str | Callable[[int, int], Any]"
"""A name of torchvision or of the tier, `path/to/file.py:build`, or a function or class `build(channels, classes)`."""

FINETUNING = 4
"""The paper fine-tunes for 40 epochs where the dense network has 160, at the lowest of its rates (p.5)."""


def train(
    network: NetworkLike,
    data: str,
    method: MethodLike,
    ratio: float,
    *,
    seeds: int | None = None,
    arms: Sequence[str] = PAPER_ARMS,
    recipe: Recipe | None = None,
    finetune: Recipe | None = None,
    tier: str = "smoke",
    folder: str | Path = "data",
    device: str = "auto",
) -> Record:
    """Train, prune and train again, every arm and seed; return the record, which is also kept in the folder.

    What the folder has is not trained again, and an interrupted training goes on where it was.

    Args:
        network: see `NetworkLike`; every arm and seed builds its own.
        data: name of a dataset: one that comes along, or that `add_dataset` or `prunebench data add` imported.
        method: its name, `path/to/file.py:NAME`, or a function or class in any form of docs/methods.md.
        ratio: share to remove, in [0, 1): of channels or weights, as the method says.
        seeds: how many; by default the tier's.
        arms: `finetune`, `scratch_e`, `scratch_b`, ... (docs/start.md says what each is).
        recipe: how the dense network and the scratch arms are trained; by default as the tier does.
        finetune: how the fine-tuned arm is trained; by default the tier's, or, with a recipe, for a quarter of its
            epochs at its lowest rate, as in the paper.
        tier: gives what is not said here, and margin and confidence of the verdict.
        folder: of datasets, checkpoints and records.
        device: `cpu`, `cuda`, or `auto` for CUDA where there is a GPU.

    Raises:
        PrunebenchError: an unknown name, a dataset that is not here, a network or method that fails, a training that
            breaks down; what was finished is kept.
    """
    place = Path(folder).absolute()
    given = reference(method, work_folder(place))
    study = _tier(tier, network, data, (recipe, finetune), place)
    row = _row(study, data, given, ratio)
    _check(arms, ratio, device)
    count = looks(None if seeds is None else str(seeds), study.seeds, study.confidence)
    settings = Settings(
        *(Path.cwd(), place, work_folder(place), study, "as asked", tuple(range(count[-1].seeds))),
        method=given,
        looks=count,
        device=device,
        network=_own(network, work_folder(place)),
    )
    with _shown(settings), _threads_kept():
        source = FromRuns(runner(settings, "main", False, None))
        record = source.recorded(row, tuple(arms), settings)
    told = [settings.network or row.network, data, given, ratio]
    own = {"seeds": len(settings.seeds), "arms": tuple(arms), "recipe": recipe, "finetune": finetune, "tier": tier}
    record = record.model_copy(update={"command": _call(told, own)})
    write(record, settings.folder)
    return record


def _call(told: list[Any], own: dict[str, Any]) -> str:
    """Return the call that repeats a study, as its record has it."""
    usual = {"recipe": None, "finetune": None, "arms": PAPER_ARMS}
    given = {name: value for name, value in own.items() if name not in usual or value != usual[name]}
    return f"prunebench.train({', '.join([*map(repr, told), *(f'{name}={_text(v)}' for name, v in given.items())])})"


def _text(value: Any) -> str:
    if isinstance(value, Recipe):
        fields = to_json(value)
        return f"prunebench.Recipe({', '.join(f'{name}={v!r}' for name, v in fields.items())})"
    return repr(value)


def _row(study: Tier, data: str, method: str, ratio: float) -> Row:
    (network,) = study.networks
    own = bool(method_file(method))
    kind = "candidate" if own else method
    name = f"{kind}.{data}.{network.lower()}.{100 * ratio:g}"
    return Row(name, "-", "candidate", 0, (), data, network, kind, ratio, {})


def _check(arms: Sequence[str], ratio: float, device: str) -> None:
    unknown = [arm for arm in arms if arm not in ARMS]
    if unknown or not arms:
        raise PrunebenchError(f"arms {', '.join(arms) or 'none'}: valid are {', '.join(ARMS)}")
    if not 0 < ratio < 1:
        raise PrunebenchError(f"ratio {ratio} is outside (0, 1); it is the share to remove, such as 0.5")
    if device not in DEVICES:
        raise PrunebenchError(f"device {device}: unknown; valid are {', '.join(DEVICES)}")


def _tier(name: str, network: NetworkLike, data: str, asked: tuple[Recipe | None, Recipe | None], folder: Path) -> Tier:
    """Return a tier that has this network and dataset alone, trained as asked."""
    tier, _ = choose(name)
    label, built = _network(network, tier, work_folder(folder))
    recipes = _recipes(tier.recipes_for(label), *asked)
    study = tier.alone(require(data, folder), {label: built}, recipes)
    if not any(asked):
        return study
    said = json.dumps([to_json(recipes.dense), to_json(recipes.finetune)], sort_keys=True)
    return replace(study, name=f"{study.name}-recipe-{hashlib.sha256(said.encode()).hexdigest()[:6]}")


def _recipes(usual: Recipes, recipe: Recipe | None, finetune: Recipe | None) -> Recipes:
    if recipe is None:
        return replace(usual, finetune=finetune or usual.finetune)
    lowest = recipe.lr * recipe.gamma ** len(recipe.milestones)
    quarter = replace(recipe, epochs=max(1, recipe.epochs // FINETUNING), lr=float(f"{lowest:.3g}"), milestones=())
    return replace(usual, dense=recipe, finetune=finetune or quarter)


def _network(network: NetworkLike, tier: Tier, work: Path) -> tuple[str, Network]:
    """Return a network's name for people, and what it is in specs."""
    own = _own(network, work)
    if own:
        _, name, source = userfile.read(own)
        return name, Network(name, source=userfile.digest(source))
    name = network if isinstance(network, str) else network.__name__
    if name in tier.networks:
        return name, tier.networks[name]
    from torchvision.models import list_models

    if name in (known := list_models()):
        return name, Network("torchvision", options(name=name))
    raise UnknownNameError("network", name, [*tier.networks, *known])


def _own(network: NetworkLike, work: Path) -> str:
    """Return a user's network as `path/to/file.py:build`, empty for one that goes by its name."""
    if not isinstance(network, str) and str(getattr(network, "__module__", "")).startswith("torchvision.models"):
        return ""
    given = reference(network, work)
    return given if method_file(given) else ""


@contextmanager
def _shown(settings: Settings) -> Iterator[None]:
    """Say now and then what is being trained."""
    place = settings.work / "progress"
    shutil.rmtree(place, ignore_errors=True)
    status = Status(sys.stderr, sys.stderr, Reader(place))
    status.start()
    try:
        yield
    finally:
        status.stop()


@contextmanager
def _threads_kept() -> Iterator[None]:
    """Give PyTorch back the threads that it had."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)

"""What this machine can do: one line each, and what to do where something is missing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from prunebench.common.errors import PrunebenchError
from prunebench.common.machine import cores
from prunebench.common.places import RUN
from prunebench.datasets import available, manifest
from prunebench.datasets.catalogue import EMBEDDED
from prunebench.protocol import tiers
from prunebench.store.versioning import is_versioned

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: of it.
        ok: whether it is as a run wants it.
        found: what it is.
        todo: what to do about it, empty where nothing.
        essential: whether nothing can run without it.
    """

    name: str
    ok: bool
    found: str
    todo: str = ""
    essential: bool = False


def checks(root: Path, data: Path) -> list[Check]:
    """Look at everything; nothing is trained, and nothing but the MLflow database is created.

    Args:
        root: folder that a run would start in.
        data: folder of datasets and checkpoints.
    """
    looks: list[Callable[[], Iterator[Check]]] = [
        _python,
        _torch,
        _machine,
        lambda: _store(data),
        lambda: _datasets(data),
        lambda: _tiers(data),
        lambda: _tracking(root),
        lambda: _dvc(data),
        _browser,
    ]
    return [check for look in looks for check in look()]


def _python() -> Iterator[Check]:
    found = sys.version.split()[0]
    yield Check("Python", sys.version_info >= (3, 11), found, "install Python 3.11 or newer", essential=True)


def _torch() -> Iterator[Check]:
    try:
        import torch
    except ImportError as error:
        yield Check("PyTorch", False, str(error), "pip install torch torchvision", essential=True)
        return
    yield Check("PyTorch", True, torch.__version__, essential=True)
    devices = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
    found = ", ".join(f"{device.name} ({device.total_memory / 2**30:.0f} GiB)" for device in devices)
    todo = "nothing for tier smoke; larger tiers want a GPU and a PyTorch with CUDA"
    yield Check("CUDA", bool(devices), found or "no device", todo)


def _machine() -> Iterator[Check]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield Check("cores", True, f"{cores()}; `{RUN} -n {cores()}` uses them all")
    yield Check("memory", memory >= 4, f"{memory:.0f} GiB", "use fewer workers: each takes about 1 GiB")


def _store(data: Path) -> Iterator[Check]:
    standing = next(folder for folder in (data.resolve(), *data.resolve().parents) if folder.exists())
    free = shutil.disk_usage(standing).free / 2**30
    writable = standing.is_dir() and os.access(standing, os.W_OK)
    todo = "give another folder with --pb-data DIR"
    yield Check("store", writable, f"{data}{'' if writable else ' cannot be written'}", todo, essential=True)
    yield Check("disk", free >= 1, f"{free:.0f} GiB free", "free some space")


def _datasets(data: Path) -> Iterator[Check]:
    here = {*EMBEDDED, *manifest.names(data)}
    others = ", ".join(name for name in available.names(data) if name not in here)
    yield Check("datasets", True, f"{', '.join(sorted(here))}; `prunebench data list` says how to get {others}")


def _tiers(data: Path) -> Iterator[Check]:
    for name, summary in tiers.summaries().items():
        wanted = tiers.choose(name)[0].dataset
        here = (
            bool(available.own(data)) if not wanted else wanted in EMBEDDED or manifest.read(data, wanted) is not None
        )
        yield Check(f"tier {name}", here, summary, "import a dataset; `prunebench data list` says how")


def _tracking(root: Path) -> Iterator[Check]:
    from prunebench.records.mlflow_store import connect, own_runs, resolve_uri

    uri = resolve_uri(None, root)
    try:
        yield Check("MLflow", True, f"{uri}, {len(own_runs(connect(uri)))} runs of prunebench")
    except PrunebenchError as error:
        yield Check("MLflow", False, "not reachable", f"{error}. Runs go on without; `prunebench sync` logs them later")


def _dvc(data: Path) -> Iterator[Check]:
    if find_spec("dvc") is None:
        yield Check("DVC", False, "not installed", "pip install dvc, to version and share data/")
        return
    versioned = is_versioned(data)
    found = f"{data} is {'' if versioned else 'not '}in a DVC repository"
    yield Check("DVC", versioned, found, "`dvc init` in the repository, to version and share the checkpoints")


def _browser() -> Iterator[Check]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    todo = "apt-get install chromium; without one the tests of the pages are skipped"
    yield Check("Chromium", path is not None, path or "not found", todo)

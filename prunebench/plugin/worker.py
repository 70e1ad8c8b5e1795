"""What a process of a run trains with: the user's own code, device, store, progress and budget."""

from __future__ import annotations

import uuid
from pathlib import Path

from prunebench.common import child, userfile
from prunebench.judging.settings import Settings
from prunebench.pruning.guests import described
from prunebench.runner import environment
from prunebench.runner.estimate import Budget, Estimator
from prunebench.runner.executor import Executor, Here
from prunebench.runner.helping import Helper
from prunebench.runner.local import Runner
from prunebench.runner.progress import Progress
from prunebench.runner.steptime import Catalogued
from prunebench.runner.supply import Supply
from prunebench.store.opening import open_shared
from prunebench.store.store import Store
from prunebench.store.taking import Taking


def check(settings: Settings, fresh: bool) -> None:
    """Try a user's method and network, in a child process, and look for the device, before anything is trained.

    Args:
        settings: of the run.
        fresh: whether torch was loaded only now, so that this process has computed nothing yet.

    Raises:
        PrunebenchError: one of them is not there or does not load.
    """
    if fresh and (settings.method or settings.network):
        child.fork_here()
    if settings.method:
        described(settings.reference)
    if settings.network:
        reference = str(settings.root / settings.network)
        child.call("prunebench.networks.own:tried", reference, who=reference)
    if settings.device == "cuda":
        environment.device(settings.device, environment.gpus())


def runner(settings: Settings, worker: str, stored: bool, helper: Helper | None) -> Runner:
    """Return what computes the specs of a run in this process.

    Args:
        settings: of the run.
        worker: `gw0`, `gw1`, ... of pytest's `-n`, else `main`.
        stored: whether nothing may be trained.
        helper: of this process, if other workers run beside it.
    """
    if settings.network:
        from prunebench.networks import own

        own.offer(str(settings.root / settings.network))
    store = Store(settings.data, settings.work)
    if not stored:
        store.prepare()
    number = int(worker.removeprefix("gw")) if worker != "main" else 0
    device = environment.device(settings.device, environment.gpus(), number)
    environment.configure(device, settings.deterministic)
    progress = Progress(settings.work / "progress", worker)
    made = Runner(store, progress, settings.threads, settings.method_file, device=device)
    if helper is not None:
        made.board, made.helps, made.hands = helper.board, helper.helping, helper.hands
    if settings.deadline is not None:
        made.allow = Budget(settings.deadline, Estimator(store.data, settings.threads, device)).allow
    made.stored = stored
    if settings.remote and not stored:
        made.taking = Taking(open_shared(settings.remote, settings.data))
    return made


def supply(settings: Settings, runner: Runner, address: str | None, share: float) -> Supply:
    """Return what computes all that a run needs before its tests run.

    Args:
        settings: of the run.
        runner: of this process.
        address: of a Ray cluster; None to compute in this process.
        share: where in the list of what is ready it begins, from 0 to 1.

    Raises:
        PrunebenchError: there is no cluster at the address, or none that can do it.
    """
    executor = Here(runner.compute) if address is None else _on_ray(settings, runner, address)
    return Supply(runner, executor, Catalogued(settings.data).seconds, share)


def _on_ray(settings: Settings, runner: Runner, address: str) -> Executor:
    from prunebench.runner.cluster import OnRay, connect
    from prunebench.runner.node import Task, surroundings

    ray = connect(address)
    cpus = max((int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]), default=0)
    gpu = settings.device != "cpu" and ray.cluster_resources().get("GPU", 0) > 0
    task = Task(
        run=uuid.uuid4().hex,
        piece=None,
        surroundings=surroundings(),
        datasets=str((settings.data / "datasets").absolute()),
        threads=max(1, min(settings.threads, cpus)),
        device=settings.device,
        deterministic=settings.deterministic,
        method=(settings.method_file.name, settings.method_file.read_bytes()) if settings.method_file else None,
        network=_network(settings),
    )
    return OnRay(ray, runner.store, task, gpu)


def _network(settings: Settings) -> tuple[str, bytes, str] | None:
    """Return name, content and builder of the file of the user's network, if any."""
    if not settings.network:
        return None
    path, name, source = userfile.read(str(settings.root / settings.network))
    return Path(path).name, source, name

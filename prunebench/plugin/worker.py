"""What a process of a run trains with: the user's own code, device, store, progress and budget."""

from __future__ import annotations

from prunebench.judging.settings import Settings
from prunebench.runner import environment
from prunebench.runner.estimate import Budget, Estimator
from prunebench.runner.helping import Helper
from prunebench.runner.local import Runner
from prunebench.runner.progress import Progress
from prunebench.store.store import Store


def check(settings: Settings) -> None:
    """Load a user's method and network and look for the device that is asked for, before anything is trained.

    Raises:
        PrunebenchError: one of them is not there or does not load.
    """
    if settings.method:
        from prunebench.pruning.registry import load

        load(settings.reference)
    load_network(settings)
    if settings.device == "cuda":
        environment.device(settings.device, environment.gpus())


def load_network(settings: Settings) -> None:
    """Make a user's network known to this process.

    Raises:
        PrunebenchError: it does not load.
    """
    if settings.network:
        from prunebench.networks.own import load

        load(str(settings.root / settings.network))


def runner(settings: Settings, worker: str, stored: bool, helper: Helper | None) -> Runner:
    """Return what computes the specs of a run in this process.

    Args:
        settings: of the run.
        worker: `gw0`, `gw1`, ... of pytest's `-n`, else `main`.
        stored: whether nothing may be trained.
        helper: of this process, if other workers run beside it.
    """
    load_network(settings)
    store = Store(settings.data, settings.work)
    if not stored:
        store.prepare()
    number = int(worker.removeprefix("gw")) if worker != "main" else 0
    device = environment.device(settings.device, environment.gpus(), number)
    environment.configure(device, settings.deterministic)
    progress = Progress(settings.work / "progress", worker)
    made = Runner(store, progress, settings.threads, settings.method_file, device=device)
    if helper is not None:
        made.board, made.helps = helper.board, helper.helping
    if settings.deadline is not None:
        made.allow = Budget(settings.deadline, Estimator(store.data, settings.threads, device)).allow
    made.stored = stored
    return made

"""The options of pytest, `--pb-...` or `pb_...` in the ini file, and the settings that they come to."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Literal

import pytest

from prunebench.common.child import limit
from prunebench.common.errors import PrunebenchError
from prunebench.judging.settings import Settings, resolve
from prunebench.runner.estimate import duration

SETTINGS = pytest.StashKey[Settings]()

OUT = pytest.StashKey[Path]()
"""Folder of the records of a run that judges figures which are there; they are no results of ours."""

OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "tier": (
        "size of a run: smoke, laptop, quick, paper; auto is quick with a GPU and a dataset of the paper, else smoke",
        {"default": "auto", "metavar": "TIER"},
    ),
    "seeds": (
        "how many seeds each row gets (default: the tier's); auto adds them until the verdict is settled, up to LIMIT",
        {"metavar": "N|auto[:LIMIT]"},
    ),
    "method": ("a pruning method of yours, for `-k candidate`", {"default": "", "metavar": "FILE.py:NAME|INSTALLED"}),
    "network": ("a network of yours, for `-k candidate`", {"default": "", "metavar": "FILE.py:BUILD"}),
    "dataset": (
        "what stands for a dataset of the paper in place of the tier's; may be repeated",
        {"action": "append", "default": (), "metavar": "PAPER=OURS"},
    ),
    "data": ("folder of datasets, checkpoints and records", {"default": "data", "metavar": "DIR"}),
    "tracking-uri": ("MLflow store (default: MLFLOW_TRACKING_URI, then sqlite:///mlflow.db)", {"metavar": "URI"}),
    "budget": (
        "start no training that would not end within this time, such as 9m or 1h30m; the next run goes on",
        {"default": "", "metavar": "TIME"},
    ),
    "limit-time": (
        "time that one call of your method may take, such as 90s or 2h (default: 1h); 0s for any",
        {"default": "1h", "metavar": "TIME"},
    ),
    "limit-memory": (
        "memory that your method may allocate, in GiB (default: nine tenths of the machine's)",
        {"default": "", "metavar": "GIB"},
    ),
    "json": ("write all verdicts of the run to a file", {"metavar": "FILE"}),
    "device": ("where trainings run: cpu, cuda, or auto for CUDA where there is a GPU", {"default": "auto"}),
    "deterministic": (
        "equal trainings give equal bits on a GPU as well, at some speed; on a CPU they do anyway",
        {"action": "store_true", "default": False},
    ),
    "remote": (
        "share outcomes by a DVC remote: take from it what is there, send to it at once what was computed",
        {"default": "", "metavar": "NAME"},
    ),
    "executor": (
        "where trainings run: local (here, and with -n), ray for the cluster that this machine is in, ray://HOST:PORT "
        "for the one of that address, auto for a cluster if there is one",
        {"default": "local", "metavar": "WHERE"},
    ),
    "shard": (
        "train what is ready for any of the tests, as the I-th of N machines that share a remote or folder, and judge "
        "nothing",
        {"default": "", "metavar": "I/N"},
    ),
    "stored": (
        "train nothing: a row whose outcomes are not all stored ends in an error",
        {"action": "store_true", "default": False},
    ),
    "from": (
        "judge figures that are there, without training: those of a folder of records, or the paper's own",
        {"default": "", "metavar": "records:DIR|paper"},
    ),
    "margin": ("accuracy points of every claim in place of the tier's; with --pb-from", {"metavar": "POINTS"}),
    "confidence": ("of each bound in place of 0.95; with --pb-from", {"metavar": "SHARE"}),
    "strict": ("let INCONCLUSIVE fail instead of xfail", {"action": "store_true", "default": False}),
}
"""By name, what each option does, and how the command line takes it."""

RESOLVED = ("data", "tier", "seeds", "strict", "method", "dataset", "device", "deterministic", "network", "remote")
"""Options that become `Settings`."""

PLACES = ("data", "method", "network")
"""Those of them that are, or begin with, a path."""

KINDS: dict[str, Literal["string", "bool", "linelist"]] = {
    "store": "string",
    "store_true": "bool",
    "append": "linelist",
}
"""What an option is in the ini file, by what it does on the command line."""


def offer(parser: pytest.Parser) -> None:
    """Offer every option on the command line and, by the same name with underscores, in the ini file."""
    group = parser.getgroup("prunebench", "prunebench: claims about pruning")
    for name, (text, settings) in OPTIONS.items():
        flag = {k: v for k, v in settings.items() if k != "default"}
        group.addoption(f"--pb-{name}", dest=_ini(name), default=None, help=text, **flag)
        kind = KINDS[settings.get("action", "store")]
        parser.addini(_ini(name), f"{text}; as --pb-{name}", type=kind, default=settings.get("default"))


def _ini(name: str) -> str:
    return f"pb_{name.replace('-', '_')}"


def option(config: pytest.Config, name: str) -> Any:
    """Return an option's value: from the command line, else from the ini file, else its default."""
    given = config.getoption(_ini(name))
    if given is not None:
        return given
    return config.getini(_ini(name))


def settings_of(config: pytest.Config) -> Settings:
    """Return the run's settings, resolved once.

    Raises:
        pytest.UsageError: an option has a value that is none.
    """
    if SETTINGS not in config.stash:
        workers = getattr(config, "workerinput", {}).get("workercount") or config.getoption("numprocesses", 0) or 1
        given: dict[str, Any] = {
            name: _placed(config, name) if name in PLACES else option(config, name) for name in RESOLVED
        }
        try:
            deadline = _deadline(config)
            given |= {"figures": _figures(config), "out": config.stash.get(OUT, None)}
            given |= {name: _number(config, name) for name in ("margin", "confidence")}
            _limit(config)
            _together(config)
            config.stash[SETTINGS] = resolve(config.rootpath, **given, workers=workers, deadline=deadline)
        except (PrunebenchError, ValueError) as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[SETTINGS]


def _placed(config: pytest.Config, name: str) -> str:
    """Return a path: one of the command line starts where the user stands, one of the ini file at pytest's root."""
    value, here = str(option(config, name)), config.invocation_params.dir
    path, colon, inside = value.rpartition(":") if name != "data" else (value, "", "")
    given = config.getoption(_ini(name)) is not None and path
    if not given or here == config.rootpath or os.path.isabs(path):
        return value
    return f"{os.path.relpath(here / path, config.rootpath)}{colon}{inside}"


def _figures(config: pytest.Config) -> str:
    """Return where figures come from; a folder starts where the user stands."""
    kind, colon, place = str(option(config, "from")).partition(":")
    return f"{kind}{colon}{config.invocation_params.dir / place}" if place else f"{kind}{colon}"


def _number(config: pytest.Config, name: str) -> float | None:
    given = option(config, name)
    try:
        return float(given) if given else None
    except ValueError as error:
        raise PrunebenchError(f"--pb-{name} {given}: give a number") from error


def _limit(config: pytest.Config) -> None:
    """Set what calls of user code in this process may take."""
    memory = option(config, "limit-memory")
    limit(duration(option(config, "limit-time"), "--pb-limit-time"), int(float(memory) * 2**30) if memory else None)


def _together(config: pytest.Config) -> None:
    """Refuse what contradicts each other."""
    given = [f"--pb-{name}" for name in ("remote", "shard") if option(config, name)]
    given += ["--pb-executor"] if option(config, "executor") not in ("local", "auto") else []
    if given and option(config, "stored"):
        raise PrunebenchError(f"{given[0]} and --pb-stored: give one; what is stored here needs nobody else")
    if {*given} - {"--pb-remote"} and config.getoption("numprocesses", None):
        raise PrunebenchError(f"{given[-1]} and -n: give one; more processes on a machine are more shards or nodes")
    if len({*given} - {"--pb-remote"}) > 1:
        raise PrunebenchError("--pb-shard and --pb-executor: give one; a cluster shares the work out by itself")


def _deadline(config: pytest.Config) -> float | None:
    """Return when the budget ends; the workers of `-n` have it from their parent."""
    if hasattr(config, "workerinput"):
        found: float | None = config.workerinput["pb_deadline"]
        return found
    budget = option(config, "budget")
    return time.time() + duration(budget) if budget else None

"""Claims and rows of the paper, run as `pytest claims` runs them, in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prunebench.api.reading import Records, read_record
from prunebench.common.errors import PrunebenchError, near
from prunebench.common.places import claims_for
from prunebench.protocol import tables

KEPT = 30
"""Lines of a run's output that an error shows."""


def run(
    what: str | Iterable[str],
    *,
    tier: str = "auto",
    seeds: int | str | None = None,
    data: Mapping[str, str] | None = None,
    workers: int = 0,
    folder: str | Path = "data",
    options: Sequence[str] = (),
) -> Records:
    """Run claims or rows of the paper, showing what pytest shows, and return their records, with verdicts.

    What the folder has is not trained again. Records, MLflow's store and versions go where `pytest claims` has them.

    Args:
        what: ids of claims (`C02`) or rows (`t4.cifar10.vgg-19.70`), one or several; `list_claims` and `list_rows` have
            them.
        tier: how big the run is.
        seeds: of each row; by default the tier's; `auto` adds them until the verdict is settled.
        data: by dataset of the paper (`cifar10`), the dataset that stands for it.
        workers: processes that share the work; 0 for one, without any of pytest-xdist.
        folder: of datasets, checkpoints and records.
        options: further words for pytest, such as `["--pb-device", "cpu"]`.

    Raises:
        PrunebenchError: an unknown claim or row, options that pytest refuses, or tests that ended in an error; the
            records of the others are kept.
    """
    place = Path(folder).absolute()
    given = {"--pb-tier": tier, "--pb-seeds": seeds, "--pb-data": place, "-n": workers or None}
    words = [str(word) for name, value in given.items() if value is not None for word in (name, value)]
    words += [word for paper, ours in (data or {}).items() for word in ("--pb-dataset", f"{paper}={ours}")]
    with TemporaryDirectory() as beside:
        file = Path(beside) / "verdicts.json"
        code, said = _pytest(
            [*claims_for(Path.cwd()), "-k", _expression(what), "--pb-json", str(file), *words, *options]
        )
        entries: list[dict[str, Any]] = json.loads(file.read_text()) if file.exists() else []
    _check(code, said, entries)
    return Records(read_record(Path(path)) for path in dict.fromkeys(entry["record"] for entry in entries))


def _expression(what: str | Iterable[str]) -> str:
    """Return what pytest's -k selects claims and rows by: a row's tests have its id, and nothing else, in brackets."""
    names, known = [what] if isinstance(what, str) else list(what), tables.load()
    for name in names:
        if name not in known.claims and name not in known.rows:
            raise PrunebenchError(
                f"{name!r} is neither a claim nor a row; near are {near(name, [*known.claims, *known.rows])}. "
                "`list_claims()` and `list_rows()` have them all"
            )
    if not names:
        raise PrunebenchError("no claim or row is given; `list_claims()` and `list_rows()` have them all")
    return " or ".join(name if name in known.claims else f"[{name}]" for name in names)


def _pytest(words: Sequence[str]) -> tuple[int, str]:
    """Run pytest and pass its output on as it comes; return its exit code and the last lines."""
    command = [sys.executable, "-P", "-m", "pytest", *words]
    last: deque[str] = deque(maxlen=KEPT)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            last.append(line)
            sys.stdout.write(line)
    return process.returncode, "".join(last)


def _check(code: int, said: str, entries: Sequence[Mapping[str, Any]]) -> None:
    failed = [f"{entry['test']}: {entry['error']}" for entry in entries if entry["state"] is None]
    if failed:
        raise PrunebenchError(
            f"{len(failed)} of {len(entries)} ended in an error; the other records are kept, `read_records` has them:\n"
            + "\n".join(failed)
        )
    if code not in (0, 1):
        raise PrunebenchError(f"pytest ended with code {code}:\n{said}")

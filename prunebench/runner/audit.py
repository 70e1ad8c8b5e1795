"""The audit: what is published is computed again from the stored checkpoints, without training anything.

Every checkpoint is compared with its checksums, every stored accuracy with that of the stored weights, and every record
with the one that the claims derive from the checkpoints now. Nothing under `data` is changed.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias

from prunebench.common.errors import PrunebenchError
from prunebench.common.folders import work_folder
from prunebench.common.places import claims_for
from prunebench.records.record import AnyRecord, ClaimRecord, load
from prunebench.runner.brought import METHOD, NETWORK, Brought, load_networks, placed
from prunebench.specs.experiment import Detection, Pruning, Spec, Start, classifier_of
from prunebench.specs.parsing import parse
from prunebench.store.outcome import find_damage, read
from prunebench.store.store import Store

if TYPE_CHECKING:
    from prunebench.datasets.images import Images

ROOM = 1e-3
"""Share of the test images on which another machine may round to another class; one image always may."""

OPTIONS = ("--pb-tier", "--pb-seeds", "--pb-dataset", METHOD, NETWORK)
"""Options with a value that the command of a record may have; `--pb-deterministic` has none."""


@dataclass(frozen=True)
class Checked:
    """One thing that was audited.

    Attributes:
        what: `checkpoint <digest>` or `record <tier>/<name>`.
        problem: what is wrong with it, empty if nothing is.
    """

    what: str
    problem: str = ""


Read: TypeAlias = tuple[Path, AnyRecord, tuple[str, ...], str]
"""A record's file, the record, and its command's options and expression."""


class Audit:
    """Audits a folder of checkpoints and records."""

    def __init__(self, data: Path, records: Path, root: Path, brought: Brought | None = None) -> None:
        """Look at what there is.

        Args:
            data: folder of datasets and checkpoints.
            records: folder of records, `<tier>/<name>.json`.
            root: folder with the claims and a user's method.
            brought: the user's methods and networks, where they are not where the records' commands have them.
        """
        self.data, self.root, self.brought = data.resolve(), root, brought or {}
        self.checkpoints = sorted(self.data.glob("checkpoints/[0-9a-f]*"))
        self.records = sorted(records.resolve().glob("*/*.json"))

    def __len__(self) -> int:
        return len(self.checkpoints) + len(self.records)

    def run(self) -> Iterator[Checked]:
        """Check everything, checkpoints first; records are derived from those that are whole."""
        read = list(self._read())
        load_networks((part[2] for part in read if isinstance(part, tuple)), self.brought, self.root)
        with TemporaryDirectory(prefix="prunebench-audit-") as folder:
            shadow, whole = self._shadow(Path(folder) / "data"), []
            for checkpoint in self.checkpoints:
                problem = find_damage(checkpoint)
                if problem:
                    yield Checked(f"checkpoint {checkpoint.name}", problem)
                else:
                    (shadow / "checkpoints" / checkpoint.name).symlink_to(checkpoint)
                    whole.append(checkpoint)
            store = Store(shadow, work_folder(shadow))
            yield from (Checked(f"checkpoint {c.name}", evaluated(c, store)) for c in whole)
            yield from self._records(read, shadow)

    def _shadow(self, data: Path) -> Path:
        """Make a folder of data for the audit alone, so that nothing is set aside or written in the audited one."""
        (data / "checkpoints").mkdir(parents=True)
        work_folder(data).mkdir(parents=True)
        (data / "datasets").symlink_to(self.data / "datasets")
        (work_folder(data) / "cache").symlink_to(work_folder(self.data) / "cache")
        return data

    def _read(self) -> Iterator[Read | Checked]:
        """Yield each record with what `command` returns, or what is wrong with it."""
        for path in self.records:
            try:
                record = load(path.read_text())
                expression, options = command(record)
                yield path, record, options, expression
            except (ValueError, PrunebenchError) as error:
                yield Checked(_name(path), f"cannot be read: {error}")

    def _records(self, read: Sequence[Read | Checked], shadow: Path) -> Iterator[Checked]:
        """Derive all records anew below `shadow`, one pytest run for those that were made with the same options."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for part in read:
            if isinstance(part, tuple):
                groups.setdefault(placed(part[2], self.brought), []).append(part[3])
        said = {options: derive(expressions, options, shadow, self.root) for options, expressions in groups.items()}
        for part in read:
            yield part if isinstance(part, Checked) else self._derived(*part, shadow, said)

    def _derived(
        self,
        path: Path,
        record: AnyRecord,
        options: tuple[str, ...],
        expression: str,
        shadow: Path,
        said: Mapping[tuple[str, ...], str],
    ) -> Checked:
        found, derived = placed(options, self.brought), shadow / "records" / path.parent.name / path.name
        if not derived.exists():
            return Checked(_name(path), _why(path.stem, said[found]))
        return Checked(_name(path), compared(record, derived, {"command"} if found != options else set()))


def _name(path: Path) -> str:
    return f"record {path.parent.name}/{path.stem}"


def evaluated(checkpoint: Path, store: Store) -> str:
    """Return in what the accuracy of a stored outcome is not that of its network, empty where it is."""
    from prunebench.runner.trained import load_images

    stored = json.loads(read(checkpoint, "outcome.json"))["accuracy"]
    try:
        spec = parse(json.loads(read(checkpoint, "spec.json")))
        trained = spec.trained if isinstance(spec, Pruning) else spec
        images = load_images(classifier_of(trained).dataset, store.data)
        found = _accuracy(spec, images, store)
    except (PrunebenchError, RuntimeError, OSError) as error:
        return f"cannot be evaluated: {error}"
    room = 100 * max(ROOM, 1.01 / len(images.test))
    return "" if abs(found - stored) <= room else f"its accuracy is {found:.4f}, not {stored:.4f} as stored"


def _accuracy(spec: Spec, images: Images, store: Store) -> float:
    """Return the accuracy of what a spec comes to, or its mean average precision, in percent."""
    from prunebench.runner.trained import (
        detector_on,
        first_classifier,
        load_annotated,
        starting_network,
        trained_detector,
        trained_network,
    )
    from prunebench.training.detection import evaluate_detector
    from prunebench.training.loop import evaluate

    trained = spec.trained if isinstance(spec, Pruning) else spec
    if isinstance(trained, Detection):
        scenes = load_annotated(trained.dataset, store.data)
        if not isinstance(spec, Pruning):
            return evaluate_detector(trained_detector(trained, store), scenes.test).all_points
        small = first_classifier(replace(trained, start=spec), store)
        return evaluate_detector(detector_on(small, trained, store, trained), scenes.test).all_points
    pruned = isinstance(spec, Pruning) and replace(trained, start=Start(spec, "inherited"))
    network = starting_network(pruned, store) if pruned else trained_network(trained, store)
    return evaluate(network, images.test, images.test_labels)[1]


def command(record: AnyRecord) -> tuple[str, tuple[str, ...]]:
    """Return the expression for `-k` and the options of the command that made a record.

    Raises:
        PrunebenchError: it is none that prunebench writes; it would not be safe to run.
    """
    words = shlex.split(record.command)
    options = words[4:]
    valued = [word for word in options if word != "--pb-deterministic"]
    known = {*valued[::2]} <= {*OPTIONS} and not any(value.startswith("-") for value in valued[1::2])
    if words[:3] != ["pytest", "claims", "-k"] or len(valued) % 2 or not known:
        raise PrunebenchError(f"its command {record.command!r} is none that prunebench writes")
    claim = "" if isinstance(record, ClaimRecord) or not record.verdicts else f" and {record.verdicts[0].claim}"
    return f"({words[3]}{claim})", tuple(options)


def derive(expressions: Iterable[str], options: tuple[str, ...], data: Path, root: Path) -> str:
    """Run claims on stored outcomes alone; their records are written below `data`.

    Returns:
        what pytest said.
    """
    quiet = ["-q", "--tb=line", "-p", "no:prunebench-parent"]
    chosen = ["-k", " or ".join(expressions), *options, "--pb-data", str(data), "--pb-stored"]
    run = [sys.executable, "-m", "pytest", *claims_for(root), *quiet, *chosen]
    wide = {**os.environ, "COLUMNS": "300"}  # so that pytest's summary has whole messages
    done = subprocess.run(run, cwd=root, env=wide, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _why(name: str, said: str) -> str:
    """Return why a record was not derived, from what pytest said of it or, where it could not start, of the run."""
    lines = [line for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))]
    test, _, parameter = name.partition(".")
    told = [line for line in lines if name in line or f"test_{test}[{parameter}]" in line or line.startswith("ERROR:")]
    return f"cannot be derived: {told[0] if told else 'no claim test here makes it'}"


def compared(record: AnyRecord, derived: Path, apart: Set[str] = frozenset()) -> str:
    """Return in what a record is not the one that was derived anew, empty where they are the same, `apart` left out."""
    wanted = load(derived.read_text())
    parts = sorted(_differing(record.model_dump(exclude={*apart}), wanted.model_dump(exclude={*apart})))
    return f"is not what its outcomes say: {', '.join(parts)}" if parts else ""


def _differing(ours: Any, derived: Any, at: str = "") -> Iterator[str]:
    """Yield the places at which two documents differ."""
    if isinstance(ours, dict) and isinstance(derived, dict) and ours.keys() == derived.keys():
        for key in ours:
            yield from _differing(ours[key], derived[key], f"{at}.{key}".lstrip("."))
    elif isinstance(ours, list) and isinstance(derived, list) and len(ours) == len(derived):
        for i, pair in enumerate(zip(ours, derived, strict=True)):
            yield from _differing(*pair, f"{at}[{i}]")
    elif ours != derived:
        yield f"{at} is {_short(ours)}, derived {_short(derived)}"


def _short(value: Any) -> str:
    return re.sub(r"(?s)^(.{60}).*", r"\1...", str(value))

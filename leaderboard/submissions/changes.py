"""What a submission changes, and which changes need a reason that is not there."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from prunebench.common.errors import PrunebenchError
from prunebench.judging.comparison import FIELDS
from prunebench.records.record import AnyRecord, ClaimRecord, Record, load

from .submission import Fault, key_of, read

Records = Mapping[str, AnyRecord]
"""Records by `tier/name`."""


@dataclass(frozen=True)
class Change:
    """How one record differs from the one that is published.

    Attributes:
        name: `tier/name` of the record.
        kind: of change.
        fields: dotted names of the fields that differ.
        before: state of its first verdict, empty where it has none.
        after: the same, of the submitted record.
    """

    name: str
    kind: Literal["new", "changed", "removed"]
    fields: tuple[str, ...]
    before: str
    after: str


def published(against: str, folder: Path) -> dict[str, AnyRecord]:
    """Return the records to compare with.

    Args:
        against: a folder of records, or a git ref of the repository that `folder` lies in.
        folder: of the submitted records, `leaderboard/results` as a rule.

    Raises:
        PrunebenchError: there is neither such a folder nor such a ref.
    """
    if Path(against).is_dir():
        records = read([Path(against)]).records.values() if any(Path(against).iterdir()) else ()
        return {key_of(record): record for record in records}
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{against}^{{commit}}").strip()
    if not commit:
        raise PrunebenchError(
            f"--against {against}: neither a folder nor a git ref here; give one, such as origin/main"
        )
    files = _git(folder, "ls-tree", "-r", "--name-only", commit, ".").splitlines()
    texts = (_git(folder, "show", f"{commit}:./{name}") for name in files if name.endswith(".json"))
    return {key_of(record): record for record in _loaded(texts)}


def _loaded(texts: Iterable[str]) -> Iterator[AnyRecord]:
    """Yield the records; those of another schema have nothing that could be compared."""
    for text in texts:
        with suppress(ValueError):
            yield load(text)


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False).stdout


def changes(submitted: Records, before: Records, complete: bool) -> list[Change]:
    """Return what differs, sorted by name; records that a `complete` submission lacks are removed."""
    found = [_change(name, before.get(name), record) for name, record in submitted.items()]
    gone = [Change(name, "removed", (), _state(before[name]), "") for name in before.keys() - submitted.keys()]
    return sorted((c for c in [*found, *(gone if complete else [])] if c), key=lambda change: change.name)


def _change(name: str, old: AnyRecord | None, new: AnyRecord) -> Change | None:
    if old is None:
        return Change(name, "new", (), "", _state(new))
    fields = tuple(differing(old.model_dump(mode="json"), new.model_dump(mode="json")))
    return Change(name, "changed", fields, _state(old), _state(new)) if fields else None


def _state(record: AnyRecord) -> str:
    verdicts = record.verdicts if isinstance(record, Record) else [record.verdict]
    return verdicts[0].state if verdicts else ""


def differing(old: Any, new: Any, at: str = "") -> Iterator[str]:
    """Yield the dotted names of the fields in which two JSON documents differ; lists of numbers count as one field."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        pairs = [(key, old.get(key), new.get(key)) for key in dict.fromkeys([*old, *new])]
    elif _parts(old) and _parts(new) and len(old) == len(new):
        pairs = [(str(i), a, b) for i, (a, b) in enumerate(zip(old, new, strict=True))]
    else:
        yield at
        return
    for key, a, b in pairs:
        yield from differing(a, b, f"{at}.{key}" if at else key)


def _parts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, dict) for part in value)


def unexplained(name: str, submitted: Records, before: Records) -> Iterator[Fault]:
    """Yield the changes of an existing record that need more seeds, another commit or other rows, and have none."""
    old, new = before.get(name), submitted[name]
    if isinstance(old, Record) and isinstance(new, Record):
        yield from _numbers(old, new)
    elif isinstance(old, ClaimRecord) and isinstance(new, ClaimRecord):
        rows = [f"{new.tier}/{row}" for row in new.rows]
        moved = [field for field in FIELDS if getattr(old.verdict, field) != getattr(new.verdict, field)]
        if (
            moved
            and old.rows == new.rows
            and all(submitted.get(row, before.get(row)) == before.get(row) for row in rows)
        ):
            yield Fault(
                f"its {', '.join(moved)} changed, but none of its rows did", "a change that comes from the rows"
            )


def _numbers(old: Record, new: Record) -> Iterator[Fault]:
    same = set(new.provenance.commits) <= set(old.provenance.commits)
    for name, arm in old.arms.items():
        if name not in new.arms or not set(arm.seeds) <= set(new.arms[name].seeds):
            lost = sorted(set(arm.seeds) - set(new.arms[name].seeds if name in new.arms else ()))
            yield Fault(f"arms.{name} has lost the seeds {lost}", "all seeds that were published, and more")
            continue
        now = dict(zip(new.arms[name].seeds, new.arms[name].accuracy, strict=False))
        changed = [s for s, value in zip(arm.seeds, arm.accuracy, strict=False) if now.get(s) != value]
        if changed and same:
            todo = "restore the published numbers, or run with the commit that changes them"
            yield Fault(f"arms.{name}.accuracy changed for the seeds {changed}, at the same commit", "more seeds", todo)

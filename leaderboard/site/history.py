"""Git -> which verdicts are new or changed, commit by commit."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .collect import file_name

COMMITS = 30
"""Commits that the page of changes goes back."""

FILES = 1000
"""Records that are read in two versions each; of older commits only the number is told."""

_NONE = "0" * 40


@dataclass(frozen=True)
class Moved:
    """How one record's first verdict changed.

    Attributes:
        name: of the record.
        tier: of the record.
        page: address of its page, relative to the site's root.
        before: state and difference, empty of a new record.
        after: the same now, empty of a removed one.
    """

    name: str
    tier: str
    page: str
    before: str
    after: str

    @property
    def kind(self) -> str:
        """Whether the record is new, gone, or has another verdict."""
        return "new" if not self.before else "removed" if not self.after else "changed"


@dataclass(frozen=True)
class Step:
    """One commit that touched records.

    Attributes:
        commit: its hash.
        date: in ISO form.
        subject: first line of its message.
        files: how many records it touched.
        compared: how many of them were read.
        moved: those whose verdict is new or another one.
    """

    commit: str
    date: str
    subject: str
    files: int
    compared: int
    moved: tuple[Moved, ...]


def steps(folder: Path) -> list[Step]:
    """Return the last commits that touched a folder's records, newest first; none where it is in no repository."""
    form = "--format=%x01%H%x02%cI%x02%s"
    log = _git(folder, "log", f"-n{COMMITS}", form, "--raw", "--no-renames", "--no-abbrev", "--", ".")
    found = [_read(entry) for entry in log.split("\x01")[1:]]
    blobs = [blob for _, changes in found for change in changes[:FILES] for blob in change[:2] if blob != _NONE]
    texts = _texts(folder, list(dict.fromkeys(blobs))[: 2 * FILES])
    return [_step(head, changes, texts) for head, changes in found if changes]


def _read(entry: str) -> tuple[list[str], list[tuple[str, str, str]]]:
    head, _, rest = entry.partition("\n")
    changes = []
    for line in rest.splitlines():
        if line.startswith(":") and line.endswith(".json"):
            facts, _, path = line.partition("\t")
            _, _, before, after, _ = facts.split(" ")
            changes.append((before, after, path))
    return head.split("\x02"), changes


def _texts(folder: Path, blobs: Iterable[str]) -> dict[str, str]:
    """Return what each version of a file holds of its first verdict, a few words."""
    asked = subprocess.run(
        ["git", "-C", str(folder), "cat-file", "--batch"],
        input="\n".join(blobs).encode(),
        capture_output=True,
        check=False,
    ).stdout
    found, at = {}, 0
    while at < len(asked):
        end = asked.index(b"\n", at)
        blob, kind, size = [*asked[at:end].split(), b"", b""][:3]
        if kind != b"blob":
            break
        found[blob.decode()] = _said(asked[end + 1 : end + 1 + int(size)])
        at = end + 2 + int(size)
    return found


def _said(text: bytes) -> str:
    try:
        record: Mapping[str, Any] = json.loads(text)
        verdict = record["verdict"] if "verdict" in record else (record["verdicts"] or [{}])[0]
        said = str(verdict.get("state", "no verdict yet"))[:20].lower()
        if "difference" in verdict:
            said += f" ({verdict['difference']:+.2f} {str(verdict['unit'])[:20]})"
        return "".join(c if c.isprintable() else "?" for c in said)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "no record"


def _step(head: list[str], changes: list[tuple[str, str, str]], texts: Mapping[str, str]) -> Step:
    commit, date, subject = (*head, "", "", "")[:3]
    moved = [
        _moved(path, texts.get(a, ""), texts.get(b, ""))
        for a, b, path in changes[:FILES]
        if {a, b} - {_NONE} <= texts.keys()
    ]
    told = tuple(one for one in moved if one.before != one.after)
    return Step(commit, date, subject, len(changes), len(moved), told)


def _moved(path: str, before: str, after: str) -> Moved:
    tier, name = Path(path).parent.name, Path(path).stem
    return Moved(name, tier, f"rows/{tier}/{file_name(name)}.html", before, after)


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""

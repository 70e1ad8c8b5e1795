"""Sources -> the pages of rows, in several processes; no more than a few hundred records are in memory."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from html import escape
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from prunebench.common.machine import cores
from prunebench.judging.observation import crippled
from prunebench.records.record import ClaimRecord, Record

from .challenges import Challenges
from .collect import Key, Source, file_name, group_of, key_of, read, second
from .columns import script_json
from .doubts import doubts
from .views import Line, line, notice, page_of

BATCH = 100
"""Records that a process takes at a time."""

SMALL = 500
"""Records up to which starting further processes takes longer than it saves."""


@dataclass(frozen=True)
class Entry:
    """What is kept of one record once its page is written.

    Attributes:
        source: the record again, should a second one of its key overwrite the page.
        key: what it must be the only one of.
        digest: of its content.
        group: folder of the records that may stand side by side.
        content: a row's line of the main table, or a claim's record.
    """

    source: Source
    key: Key
    digest: bytes
    group: str
    content: Line | ClaimRecord


@dataclass
class Found:
    """All that was found, without duplicates.

    Attributes:
        lines: of the main table, by group.
        claims: records of claims, by group.
        tiers: tier and protocol, by group.
        skipped: one line for each thing that was left out.
    """

    lines: dict[str, list[Line]] = field(default_factory=dict)
    claims: dict[str, list[ClaimRecord]] = field(default_factory=dict)
    tiers: dict[str, tuple[str, int]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many records there are."""
        return sum(len(several) for kind in (self.lines, self.claims) for several in kind.values())

    def take(self, entry: Entry) -> None:
        """Add what one record has."""
        self.tiers[entry.group] = entry.key[1], entry.key[2]
        if isinstance(entry.content, ClaimRecord):
            self.claims.setdefault(entry.group, []).append(entry.content)
        else:
            self.lines.setdefault(entry.group, []).append(entry.content)


@dataclass(frozen=True)
class Writer:
    """Reads records and writes what each has of its own: its page. Travels to other processes.

    Attributes:
        folder: of the site.
        shell: a row's page, split where title, title and data go.
        challenges: to be shown with the records.
    """

    folder: Path
    shell: tuple[str, str, str, str]
    challenges: Challenges

    def __call__(self, sources: list[Source]) -> list[Entry | str]:
        """Return an entry for each source, or a line that says why there is none."""
        return [self._one(source) for source in sources]

    def _one(self, source: Source) -> Entry | str:
        try:
            record = read(source[1])
        except (ValueError, OSError) as error:
            return f"{source[0]}: {error}"
        text = record.model_dump_json()
        content = record if isinstance(record, ClaimRecord) else self._row(record, text)
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        return Entry(source, key_of(record), digest, group_of(record), content)

    def _row(self, record: Record, text: str) -> Line:
        challenges, doubtful = self.challenges.get((record.tier, record.row), []), doubts(record)
        extra = {"challenges": list(map(asdict, challenges)), "doubts": doubtful, "page": _surroundings(record)}
        safe = text.replace("<", "\\u003c")
        before, between, after, end = self.shell
        title = escape(record.title)
        page = f'{before}{title}{between}{title}{after}{{"record":{safe},{script_json(extra)[1:]}{end}'
        self._write(page_of(record), page)
        warned = {
            "doubtful": doubtful,
            "challenged": challenges,
            "crippled": crippled(record),
        }
        return line(record, [flag for flag, so in warned.items() if so])

    def _write(self, address: str, text: str) -> None:
        path = self.folder / address
        try:
            path.write_text(text, "utf-8")
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")


def _surroundings(record: Record) -> dict[str, Any]:
    return {
        "group": group_of(record),
        "method": f"{file_name(record.method.name)}.html",
        "claims": {claim: f"{file_name(claim)}.html" for claim in record.claims if claim.split() == [claim]},
        "notice": notice(record.tier),
    }


def write_rows(sources: Iterable[Source], write: Writer) -> Found:
    """Write the page of every row, and return what the other pages show; of two records of one key the first counts."""
    found, first = Found(), dict[Key, Entry]()
    again: dict[Key, Source] = {}
    for entry in _entries(iter(sources), write):
        if isinstance(entry, str):
            found.skipped.append(entry)
        elif entry.key not in first:
            first[entry.key] = entry
            found.take(entry)
        elif entry.digest != first[entry.key].digest:
            found.skipped.append(second(entry.source[0], entry.key))
            again[entry.key] = first[entry.key].source
    write(list(again.values()))
    return found


def _entries(sources: Iterator[Source], write: Writer) -> Iterator[Entry | str]:
    beginning = list(islice(sources, SMALL))
    if len(beginning) < SMALL:
        yield from write(beginning)
        return
    batches = _batches(chain(beginning, sources))
    processes = min(8, cores())
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        waiting: deque[Future[list[Entry | str]]] = deque()
        for batch in batches:
            waiting.append(pool.submit(write, batch))
            if len(waiting) > 2 * processes:
                yield from waiting.popleft().result()
        for future in waiting:
            yield from future.result()


def _batches(sources: Iterator[Source]) -> Iterator[list[Source]]:
    return iter(lambda: list(islice(sources, BATCH)), [])

"""Sources -> the pages of rows, in several processes; no more than a few hundred records are in memory."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path

from prunebench.common.machine import cores
from prunebench.judging.observation import crippled
from prunebench.records.record import ClaimRecord, Record

from . import row_page
from .challenges import Challenges, Reruns
from .collect import Key, Source, group_of, key_of, read, second
from .doubts import doubts
from .findings import Judged, judged
from .origin import Origin
from .row_page import Said
from .views import Line, line, page_of

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
        digest: sha256 of its JSON.
        group: folder of the records that may stand side by side.
        content: a row's line of the main table, or a claim's record.
        judged: the verdicts of a row.
    """

    source: Source
    key: Key
    digest: str
    group: str
    content: Line | ClaimRecord
    judged: Sequence[Judged] = ()


@dataclass
class Found:
    """All that was found, without duplicates.

    Attributes:
        lines: of the main table, by group.
        judged: verdicts of rows, by group.
        claims: records of claims, by group.
        tiers: tier and protocol, by group.
        skipped: one line for each thing that was left out.
    """

    lines: dict[str, list[Line]] = field(default_factory=dict)
    judged: dict[str, list[Judged]] = field(default_factory=dict)
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
            self.judged.setdefault(entry.group, []).extend(entry.judged)


@dataclass(frozen=True)
class Writer:
    """Reads records and writes what each has of its own: its page. Travels to other processes.

    Attributes:
        folder: of the site.
        origin: of the site.
        challenges: to be shown with the records.
        reruns: the same.
    """

    folder: Path
    origin: Origin
    challenges: Challenges
    reruns: Reruns

    def __call__(self, sources: list[Source]) -> list[Entry | str]:
        """Return an entry for each source, or a line that says why there is none."""
        return [self._one(source) for source in sources]

    def _one(self, source: Source) -> Entry | str:
        try:
            record = read(source[1])
        except (ValueError, OSError) as error:
            return f"{source[0]}: {error}"
        text = record.model_dump_json(indent=1) + "\n"
        digest = hashlib.sha256(text.encode()).hexdigest()
        if isinstance(record, ClaimRecord):
            return Entry(source, key_of(record), digest, group_of(record), record)
        return Entry(source, key_of(record), digest, group_of(record), self._row(record, text, digest), judged(record))

    def _row(self, record: Record, text: str, digest: str) -> Line:
        key = record.tier, record.row
        challenges, reruns, doubtful = self.challenges.get(key, []), self.reruns.get(key, []), doubts(record)
        address = page_of(record)
        self._write(address, row_page.render(record, digest, Said(challenges, reruns, doubtful), self.origin))
        self._write(f"{address.removesuffix('.html')}.json", text)
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

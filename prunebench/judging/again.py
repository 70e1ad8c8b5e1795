"""A record, judged again: the claim test that made it is run on the figures that it and its neighbours have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from prunebench.common.errors import PrunebenchError
from prunebench.judging.bodies import Body, bodies
from prunebench.judging.comparison import verdicts_of
from prunebench.judging.figures import MissingFigureError
from prunebench.judging.from_records import FromRecords
from prunebench.judging.settings import Settings, as_recorded
from prunebench.records.record import AnyRecord, name_of
from prunebench.runner.audit import command


def sources(records: Iterable[AnyRecord]) -> dict[str, FromRecords]:
    """Return the source that records are, by their tier."""
    by_tier: dict[str, dict[str, AnyRecord]] = {}
    for record in records:
        by_tier.setdefault(record.tier, {})[name_of(record)] = record
    return {tier: FromRecords(own) for tier, own in by_tier.items()}


def judged_again(record: AnyRecord, source: FromRecords) -> AnyRecord:
    """Return the record that its claim test makes of the figures there are, with the seeds of the record's command.

    Args:
        record: of a row or a claim.
        source: it and the others of its tier.

    Raises:
        PrunebenchError: no claim test here makes such a record, or figures are missing; says which.
    """
    settings = settings_of(record)
    body = _body(name_of(record), verdicts_of(record)[0].claim if verdicts_of(record) else "", settings.method)
    try:
        return body.record(settings, source)
    except MissingFigureError as error:
        raise MissingFigureError(f"{error}{source.remedy(body.told.name, record.tier)}") from error


def settings_of(record: AnyRecord) -> Settings:
    """Return the settings of the run that made a record, as far as its verdicts depend on them.

    Raises:
        PrunebenchError: its command is none that prunebench writes.
    """
    _, options = command(record)
    given = dict(_pairs(options))
    told = {"seeds": given["--pb-seeds"]} if "--pb-seeds" in given else {}
    return as_recorded(record.tier, method=given.get("--pb-method", ""), **told)


def _pairs(options: Iterable[str]) -> Iterator[tuple[str, str]]:
    words = iter([word for word in options if word != "--pb-deterministic"])
    yield from zip(words, words, strict=False)


def _body(name: str, claim: str, method: str) -> Body:
    found = _named(method).get((name, claim))
    if found is None:
        raise PrunebenchError(f"no claim test here makes the record {name[:200]} of claim {claim[:80]}")
    return found


@cache
def _named(method: str) -> dict[tuple[str, str], Body]:
    return {(body.name(method), body.told.claim): body for body in bodies()}

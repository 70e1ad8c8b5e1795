"""Records of claims and lines of rows -> what the table of claims says: the paper, us, and whether these agree."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from prunebench.protocol.tables import Claim, Tables
from prunebench.records.parts import State
from prunebench.records.record import ClaimRecord

from .challenges import Challenges
from .collect import file_name
from .doubts import doubts
from .views import Line, number

STATES = ("supported", "refuted", "inconclusive")


def claim_ids(tables: Tables, records: Iterable[ClaimRecord], lines: Iterable[Line]) -> list[str]:
    """Return the paper's claims in its order, then all others that records speak of, the controls left out."""
    others = {r.claim for r in records if not r.control} | {c for line in lines for c in line.get("claims", "").split()}
    return [*tables.claims, *sorted(others - tables.claims.keys())]


def claim_lines(tables: Tables, records: Sequence[ClaimRecord], lines: Sequence[Line]) -> list[Line]:
    """Return one group's lines of the table of claims: one per test, or per claim that has no test over rows."""
    evidence: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        for claim in line.get("claims", "").split():
            evidence[claim].append(line)
    tests: dict[str, list[ClaimRecord]] = defaultdict(list)
    for record in records:
        tests["control" if record.control else record.claim].append(record)
    by_row = {line["row"]: line for line in lines}
    wanted = Counter(claim for row in tables.rows.values() for claim in row.claims)
    found = []
    for name in [*claim_ids(tables, records, lines), *(["control"] if tests["control"] else [])]:
        base = _base(name, tables.claims.get(name))
        alone = _rows(evidence[name]) | _progress(evidence[name], len(evidence[name]), wanted[name])
        found += [base | _test(record, by_row) for record in tests[name]] or [base | alone]
    return [{key: value for key, value in line.items() if value is not None} for line in found]


def _base(name: str, claim: Claim | None) -> Line:
    about = {"statement": claim.statement, "where": claim.where, "section": claim.section} if claim else {}
    return {"claim": name, "file": file_name(name), **about}


def _progress(lines: Sequence[Line], rows: int, wanted: int) -> Line:
    """Return how many rows there are of how many, and with how many seeds where they have records of their own."""
    done = min((line["done"] for line in lines), default=None)
    planned = max((line["planned"] for line in lines), default=None)
    return {"rows": rows, "wanted": wanted, "done": done, "planned": planned}


def _test(record: ClaimRecord, by_row: Mapping[str, Line]) -> Line:
    verdict, count = record.verdict, len(record.rows)
    bounds = ("difference", "lower", "upper")
    return {
        **_progress([by_row[row] for row in record.rows if row in by_row], count, count),
        "test": record.name,
        "statement": record.statement,
        "section": record.section,
        "paper": record.paper or None,
        "paper_state": verdict.paper.state.lower() if verdict.paper else None,
        "state": verdict.state.lower(),
        "reason": verdict.reason,
        "agrees": agrees(record),
        "n": min(verdict.n, default=0),
        "unit": verdict.unit,
        **{name: number(getattr(verdict, name)) for name in bounds},
    }


def agrees(record: ClaimRecord) -> str:
    """Return whether we find what the paper says: by its own numbers where these can be tested, else by its sentence.

    A control was said to end as it was planted; of a conjecture (`S01`) nobody says anything yet.
    """
    verdict = record.verdict
    if record.control:
        return "as planted" if verdict.state in record.expected else "not as planted"
    said = verdict.paper.state if verdict.paper else "INCONCLUSIVE" if record.claim.startswith("S") else "SUPPORTED"
    return agreement(verdict.state, said)


def agreement(ours: State, papers: State) -> str:
    """Return whether two states agree: `yes` or `no`, `open` where one of them is INCONCLUSIVE."""
    return "open" if "INCONCLUSIVE" in (ours, papers) else "yes" if ours == papers else "no"


def _rows(evidence: Sequence[Line]) -> Line:
    """Return what the rows of a claim say each for itself, where no test speaks of them all."""
    ours = Counter(line["state"] for line in evidence if "state" in line)
    papers = Counter(line["paper_state"] for line in evidence if "paper_state" in line)
    both = [line for line in evidence if {"state", "paper_state"} <= line.keys()]
    same = sum(agreement(line["state"].upper(), line["paper_state"].upper()) == "yes" for line in both)
    return {
        "row_states": _counted(ours),
        "paper": _counted(papers),
        "agrees": f"{same} of {len(both)} rows" if both else None,
    }


def _counted(states: Mapping[str, int]) -> str | None:
    return ", ".join(f"{states[state]} {state}" for state in STATES if states.get(state)) or None


def tally(lines: Iterable[Line]) -> dict[str, int]:
    """Return how many lines are in which state."""
    counted = Counter(line["state"] for line in lines if "state" in line)
    return {state: counted[state] for state in STATES}


def distinct(lines: Sequence[Line]) -> int:
    """Return how many rows differ: where one dataset stands for several of the paper's, rows share all their runs."""
    return len({line.get("twin", line["row"]) for line in lines})


def _page_of_test(record: ClaimRecord, challenges: Challenges) -> dict[str, Any]:
    held = [asdict(challenge) for challenge in challenges.get((record.tier, record.name), [])]
    plain = json.loads(record.model_dump_json())
    return {"record": plain, "agrees": agrees(record), "doubts": doubts(record), "challenges": held}


def claim_page(
    name: str, tables: Tables, records: Mapping[str, Sequence[ClaimRecord]], challenges: Challenges
) -> dict[str, Any]:
    """Return what a claim's own page shows beside its rows: the sentence and, by group, the records of its tests."""
    claim = tables.claims.get(name)
    tests = {
        group: [_page_of_test(record, challenges) for record in several if record.claim == name]
        for group, several in records.items()
    }
    about = {"statement": claim.statement, "section": claim.section, "where": claim.where} if claim else {}
    return {"claim": name, **about, "tests": {group: found for group, found in tests.items() if found}}

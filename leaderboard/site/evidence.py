"""Verdicts -> what was found of a claim, setting by setting: only verdicts whose claim it is count."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from prunebench.protocol.tables import Tables
from prunebench.records.parts import State, VerdictRecord
from prunebench.records.record import ClaimRecord

from .findings import Judged, finding_of, margin_of, scope, tally, tied
from .opposites import Telling, Tellings
from .views import Line
from .wording import several

STATES = ("supported", "refuted", "inconclusive")


@dataclass(frozen=True)
class Setting:
    """What one relation of a claim came to in one group of records.

    Attributes:
        group: tier, with its protocol.
        relation: that was tested.
        decides: whether the claim stands or falls with it; others are shown beside it.
        rows: ids of the rows.
        distinct: how many of these have runs of their own.
        trained: what was trained, in words.
        seeds: fewest of a side.
        states: how many verdicts ended so; one where a test speaks of all rows.
        findings: how many were better, equal, worse, open; empty of what is no difference of accuracies.
        verdict: of a test that speaks of all rows; None where each row has a verdict of its own.
        margin: within how many points two sides are called equal.
        of: what the verdict's difference and interval are of.
        tied: why there is no number to show, of the test or of some rows, where there is none.
        record: of that test.
        judged: the verdicts of the rows, where each has its own.
        telling: what the test can tell in this tier; None where nobody has found out.
        dull: rows whose own test would too often end SUPPORTED under the opposite of what it says.
    """

    group: str
    relation: str
    decides: bool
    rows: tuple[str, ...]
    distinct: int
    trained: str
    seeds: int
    states: Mapping[str, int]
    findings: Mapping[str, int]
    margin: float
    verdict: VerdictRecord | None = None
    of: str = ""
    tied: str = ""
    record: ClaimRecord | None = None
    judged: tuple[Judged, ...] = field(default=(), repr=False)
    telling: Telling | None = None
    dull: int = 0

    @property
    def count(self) -> int:
        """How many rows there are; a test that does not name them has those that it compared."""
        return len(self.rows) or self.distinct

    @property
    def tells(self) -> bool:
        """Whether it would seldom end SUPPORTED under the opposite of what it says, as far as that was found out."""
        if self.verdict is not None and self.verdict.discriminates is False:
            return False
        return self.telling is None or self.telling.discriminates


@dataclass(frozen=True)
class Group:
    """The records that may stand side by side, by row, and the tests over them.

    Attributes:
        key: tier, with its protocol.
        lines: rows by id.
        judged: verdicts of rows, by claim.
        tests: records of claims, by claim.
        tellings: what tests can tell.
    """

    key: str
    lines: Mapping[str, Line]
    judged: Mapping[str, Sequence[Judged]]
    tests: Mapping[str, Sequence[ClaimRecord]]
    tellings: Tellings = field(default_factory=dict)


def group(
    key: str,
    lines: Iterable[Line],
    judged: Iterable[Judged],
    tests: Iterable[ClaimRecord],
    tellings: Tellings,
) -> Group:
    """Put a group's records in order."""
    own: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        own[one.claim].append(one)
    over: dict[str, list[ClaimRecord]] = defaultdict(list)
    for test in tests:
        over["control" if test.control else test.claim].append(test)
    return Group(key, {line["row"]: line for line in lines}, own, over, tellings)


def claim_ids(tables: Tables, groups: Iterable[Group]) -> list[str]:
    """Return the paper's claims in its order, then all others that records speak of, the controls left out."""
    others = {claim for one in groups for claim in (*one.judged, *one.tests)} - {"control"}
    return [*tables.claims, *sorted(others - tables.claims.keys())]


def settings(claim: str, group: Group) -> list[Setting]:
    """Return what a claim came to in a group: each test over rows, else each relation of the rows' own verdicts."""
    tests = (
        [_of_test(record, group, i) for record in group.tests[claim] for i in range(1 + len(record.aside))]
        if (claim in group.tests)
        else []
    )
    relations: dict[str, list[Judged]] = defaultdict(list)
    for one in group.judged.get(claim, ()):
        relations[one.relation].append(one)
    return [*tests, *(_of_rows(relation, found, group) for relation, found in relations.items())]


def mentioned(claim: str, group: Group) -> bool:
    """Say whether a group has rows of a claim's tables, whatever was tested on them."""
    return any(claim in line["claims"].split() for line in group.lines.values())


def _of_test(record: ClaimRecord, group: Group, i: int) -> Setting:
    verdict = [record.verdict, *record.aside][i]
    found = finding_of(verdict, record.tier)
    weights = sum(side.weight for side in verdict.sides)
    return Setting(
        group.key,
        verdict.relation,
        i == 0,
        tuple(record.rows),
        len(verdict.sides) if weights > 1 else _distinct(record.rows, group),
        _trained(record.rows, group),
        min(verdict.n, default=0),
        {verdict.state.lower(): 1},
        tally([found]) if found else {},
        margin_of(verdict, record.tier),
        verdict,
        scope(verdict.relation, len(record.rows)),
        tied(verdict),
        record,
        telling=None if i else group.tellings.get((record.tier, record.name, verdict.relation)),
    )


def _of_rows(relation: str, found: Sequence[Judged], group: Group) -> Setting:
    rows = tuple(one.row for one in found)
    apart = list({_twin(one.row, group): one for one in reversed(found)}.values())[::-1]
    told = [one for one in apart if not one.tied]
    why = next((one.tied for one in apart if one.tied), "")
    tied = f"{len(apart) - len(told)} of {len(apart)} are no test: {why}" if why else ""
    return Setting(
        group.key,
        relation,
        any(one.decides for one in found),
        rows,
        len(apart),
        _trained(rows, group),
        min(one.n for one in found),
        Counter(one.state for one in told),
        tally(one.finding for one in told if one.finding),
        max(one.margin for one in found),
        tied=tied,
        judged=tuple(found),
        dull=sum(is_dull(one.row, one.relation, group) for one in told if one.decides),
    )


def is_dull(row: str, relation: str, group: Group) -> bool:
    """Say whether a row's test was found to end SUPPORTED too often under the opposite of what it says."""
    telling = group.tellings.get((group.key.partition("~")[0], row, relation))
    return telling is not None and not telling.discriminates


def _twin(row: str, group: Group) -> str:
    return str(group.lines.get(row, {}).get("twin", row))


def _distinct(rows: Iterable[str], group: Group) -> int:
    return len({_twin(row, group) for row in rows})


def _trained(rows: Iterable[str], group: Group) -> str:
    """Return what was trained in some rows, in words; of rows without records, nothing more is known."""
    rows = list(rows)
    lines = [group.lines[row] for row in rows if row in group.lines]
    if not lines:
        return several(len(rows), "row") + " without pages of their own" if rows else "rows that the test does not name"
    networks = dict.fromkeys(line["network"] for line in lines)
    data = list(dict.fromkeys(line["dataset"] for line in lines))
    shown = " and ".join(data[:3]) + (f" and {len(data) - 3} more datasets" if len(data) > 3 else "")
    what = next(iter(networks)) if len(networks) == 1 else f"{len(networks)} networks"
    return f"{what} on {shown}"


def distinct(lines: Iterable[Line]) -> list[Line]:
    """Return one row for all those that share their runs, where one dataset stands for several of the paper's."""
    return list({line.get("twin", line["row"]): line for line in reversed(list(lines))}.values())[::-1]


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

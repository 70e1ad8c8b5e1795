"""What claims/README.md says of the committed records is what they say."""

import re
from collections import Counter
from pathlib import Path

import pytest

from prunebench.records.record import ClaimRecord, Record, load

ROOT = Path(__file__).parents[3]
LINE = re.compile(r"\| *(?P<claim>\S*) *\| (?P<test>.+?) \| (?P<states>.+?) \| *(?P<numbers>.*?) *\|")


@pytest.fixture(scope="module")
def records():
    return [load(file.read_text()) for file in (ROOT / "leaderboard" / "results" / "smoke").glob("*.json")]


@pytest.fixture(scope="module")
def table():
    """The lines of the table of tier smoke, each with the claim that it belongs to."""
    said = (
        (ROOT / "claims" / "README.md").read_text().partition("## Tier smoke")[2].partition("What holds on digits")[0]
    )
    lines, claim = [], ""
    for line in filter(None, map(LINE.fullmatch, said.splitlines())):
        claim = line["claim"] or claim
        lines.append((claim, line["test"], line["states"], line["numbers"]))
    return [line for line in lines if line[1] not in ("test", "---")]


def test_every_claim_on_many_rows_stands_with_its_verdict_and_numbers(records, table):
    said = {test.replace(" ", "_"): (states, numbers) for _, test, states, numbers in table if not is_count(test)}
    found = {}
    for record in records:
        if isinstance(record, ClaimRecord):
            verdict = record.verdict
            digits = 0 if verdict.unit == "rows" else 2
            low, high = (f"{bound:+.{digits}f}" for bound in (verdict.lower, verdict.upper))
            numbers = f"{verdict.difference:+.{digits}f} [{low}, {high}] {verdict.unit}"
            found[record.name] = (verdict.state, numbers)
    assert said == found


def test_rows_are_counted(records, table):
    said = {claim: Counter(counts(states)) for claim, test, states, _ in table if is_count(test)}
    found: dict[str, Counter[str]] = {}
    for record in records:
        if isinstance(record, Record):
            verdict = record.verdicts[0]
            found.setdefault(verdict.claim, Counter())[verdict.state] += 1
    assert said == found


def is_count(test):
    return test.startswith("its ")


def counts(states):
    return {state: int(count) for count, state in re.findall(r"(\d+) (\w+)", states)}

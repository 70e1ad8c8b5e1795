"""What a submitted record says of things that this version knows: claims, rows, networks, commands."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import torch

from prunebench.common.errors import PrunebenchError
from prunebench.datasets.catalogue import DETECTION
from prunebench.judging.claim import statement
from prunebench.judging.observation import described
from prunebench.networks import build
from prunebench.networks.flops import count
from prunebench.protocol import tables
from prunebench.protocol.jobs import Job
from prunebench.records.record import AnyRecord, ClaimRecord, Record
from prunebench.runner.audit import command
from prunebench.specs.experiment import Network

from .submission import Fault


def of_claim(record: ClaimRecord) -> Iterator[Fault]:
    """Compare a claim's record with the claim test of its name."""
    if record.claim != record.verdict.claim or record.control != (record.claim == "control"):
        yield Fault("claim, verdict.claim and control contradict each other", "one claim, or control with all three")
    test, known = f"test_{record.name.partition('.')[0]}", tables.load().claims.get(record.claim)
    section = known.section if known else f"{record.claim}s"
    for name, said, valid in (
        ("statement", record.statement, _statements().get(test)),
        ("section", record.section, section),
    ):
        if said != valid:
            yield Fault(f"{name} is {said[:200]!r}", f"{valid!r}, as claims/ has {test}")


@cache
def _statements() -> dict[str, str]:
    """Return the claims in our words, the first paragraph of each claim test's docstring, by the test's name."""
    modules = (ast.parse(file.read_text("utf-8")) for file in tables.DEFAULT.parent.glob("test_*.py"))
    tests = (node for module in modules for node in ast.walk(module) if isinstance(node, ast.FunctionDef))
    return {test.name: statement(ast.get_docstring(test)) for test in tests}


def of_row(record: Record, work: Job) -> Iterator[Fault]:
    """Compare with the paper's tables; a user's method has only its name to go by."""
    row = work.row
    paper = {arm: (n.mean, n.std, n.n) for arm, n in row.paper.items()}
    facts = [
        ("row", record.row, row.id),
        ("claims", record.claims, list(row.claims)),
        ("title", record.title, row.title),
        ("section", record.section, row.section),
        ("table", record.table, row.table),
        ("dataset.name", record.dataset.name, row.dataset),
        ("network.name", record.network.name, row.network),
        ("network.used", record.network.used, described(work.network)),
        ("method.name", record.method.name, row.method),
        ("paper", {arm: (n.mean, n.std, n.n) for arm, n in record.paper.items()}, paper),
    ]
    for name, said, valid in facts:
        if said != valid:
            yield Fault(f"{name} is {str(said)[:200]!r}", f"{valid!r}, as the paper's tables have row {row.id}")
    if record.dataset.name != DETECTION and not work.network.source:
        yield from _dense(record, work)
    if record.claims and set(record.claims) - {*tables.load().claims, "control"}:
        yield Fault(f"claims is {record.claims}", "claims of `prunebench list claims`")


def _dense(record: Record, work: Job) -> Iterator[Fault]:
    found, data = record.dense, work.dataset
    valid = _size(work.network, data.channels, data.classes, data.size)
    if (found.parameters, found.flops) != valid:
        said = f"dense has {found.parameters:,} parameters and {found.flops:,} FLOPs"
        yield Fault(said, f"{valid[0]:,} and {valid[1]:,}, of {record.network.used}")


@cache
def _size(network: Network, channels: int, classes: int, size: int) -> tuple[int, int]:
    cost = count(build(network, channels, classes), torch.zeros(1, channels, size, size))
    return cost.parameters, cost.flops


def origin(record: AnyRecord) -> Iterator[Fault]:
    """Yield what keeps others from repeating a record: a checkout that no commit has, a command that none would run."""
    try:
        command(record)
    except (PrunebenchError, ValueError) as error:
        yield Fault(str(error)[:300], "the command that `pytest claims` writes into a record")
    for commit in record.provenance.commits if isinstance(record, Record) else ():
        if commit.endswith("-dirty"):
            yield Fault(
                f"was made by {commit[:80]}, a changed checkout", "a commit", "commit the change, then run again"
            )

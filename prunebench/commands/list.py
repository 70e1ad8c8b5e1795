"""`prunebench list`: what there is."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum

from prunebench.commands.options import Json
from prunebench.protocol import tables, tiers
from prunebench.specs.architectures import FAMILIES


class Noun(StrEnum):
    """What `list` can list."""

    claims = "claims"
    rows = "rows"
    methods = "methods"
    networks = "networks"
    datasets = "datasets"
    tiers = "tiers"


def list_(what: Noun, as_json: Json = False) -> None:
    """List what there is, each with a line that says what it is and where it comes from."""
    entries = _LISTS[what]()
    if as_json:
        print(json.dumps(entries, indent=1))
        return
    width = max(map(len, entries))
    for name, line in entries.items():
        print(f"{name:{width}}  {line}")


def _claims() -> dict[str, str]:
    return {c.id: f"{c.statement} ({c.where})" for c in tables.load().claims.values()}


def _rows() -> dict[str, str]:
    return {row.id: f"Table {row.table}: {row.title}" for row in tables.load().rows.values()}


def _methods() -> dict[str, str]:
    from prunebench.pruning.registry import methods

    return methods()


def _networks() -> dict[str, str]:
    return dict(FAMILIES)


def _datasets() -> dict[str, str]:
    from prunebench.datasets import available

    return {name: available.describe(name).summary for name in available.names()}


_LISTS: dict[Noun, Callable[[], dict[str, str]]] = {
    Noun.claims: _claims,
    Noun.rows: _rows,
    Noun.methods: _methods,
    Noun.networks: _networks,
    Noun.datasets: _datasets,
    Noun.tiers: tiers.summaries,
}

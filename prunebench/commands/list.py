"""`prunebench list`: what there is."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum

from prunebench.api import names
from prunebench.commands.options import Json


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


_LISTS: dict[Noun, Callable[[], dict[str, str]]] = {
    Noun.claims: names.list_claims,
    Noun.rows: names.list_rows,
    Noun.methods: names.list_methods,
    Noun.networks: names.list_networks,
    Noun.datasets: names.list_datasets,
    Noun.tiers: names.list_tiers,
}

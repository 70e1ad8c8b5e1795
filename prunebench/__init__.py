"""prunebench: claim tests for network pruning.

Is a pruned network good because of the weights that it inherits, or only because of its architecture? The names below
are the Python API (docs/api.md). Each is loaded when it is used: importing prunebench loads neither torch nor mlflow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prunebench.api.claims import run
    from prunebench.api.cutting import apply, cost, flops, prune
    from prunebench.api.names import (
        add_dataset,
        build_network,
        list_claims,
        list_datasets,
        list_methods,
        list_networks,
        list_rows,
        list_tiers,
    )
    from prunebench.api.reading import Records, Table, read_records
    from prunebench.api.study import train
    from prunebench.api.verdicts import Comparison, compare, judge, judge_claim
    from prunebench.common.errors import PrunebenchError
    from prunebench.networks.flops import Cost
    from prunebench.pruning.plan import Plan
    from prunebench.records.record import ClaimRecord, Record
    from prunebench.specs.experiment import Recipe
    from prunebench.statistics import Verdict

__all__ = [
    "ClaimRecord",
    "Comparison",
    "Cost",
    "Plan",
    "PrunebenchError",
    "Recipe",
    "Record",
    "Records",
    "Table",
    "Verdict",
    "add_dataset",
    "apply",
    "build_network",
    "compare",
    "cost",
    "flops",
    "judge",
    "judge_claim",
    "list_claims",
    "list_datasets",
    "list_methods",
    "list_networks",
    "list_rows",
    "list_tiers",
    "prune",
    "read_records",
    "run",
    "train",
]

_HOME = {
    "api.claims": ("run",),
    "api.cutting": ("apply", "cost", "flops", "prune"),
    "api.names": (
        "add_dataset",
        "build_network",
        "list_claims",
        "list_datasets",
        "list_methods",
        "list_networks",
        "list_rows",
        "list_tiers",
    ),
    "api.reading": ("Records", "Table", "read_records"),
    "api.study": ("train",),
    "api.verdicts": ("Comparison", "compare", "judge", "judge_claim"),
    "common.errors": ("PrunebenchError",),
    "networks.flops": ("Cost",),
    "pruning.plan": ("Plan",),
    "records.record": ("ClaimRecord", "Record"),
    "specs.experiment": ("Recipe",),
    "statistics": ("Verdict",),
}
"""By module, the names that are found there."""


def __getattr__(name: str) -> Any:
    home = next((module for module, names in _HOME.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(__all__)}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

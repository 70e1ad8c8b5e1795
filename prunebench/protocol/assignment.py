"""Which job stands for a row in a tier: of the paper, of an installed method, of a user's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunebench.datasets.catalogue import DETECTION
from prunebench.protocol.jobs import BLOCKS, Job
from prunebench.protocol.penalties import penalty
from prunebench.protocol.recipes import apart
from prunebench.protocol.tables import Row
from prunebench.protocol.tiers import Tier
from prunebench.protocol.transfer import Transfer
from prunebench.specs.experiment import Method, Regulariser, options

if TYPE_CHECKING:
    from prunebench.pruning.guests import Traits

TRANSFERS = {"transferred": "guided", "transferred_sparse": "guided_sparse"}
"""Methods that take over a pattern, and the method that finds it: in VGG-16 on CIFAR-10 (paper p.9)."""


ALLOCATIONS = ("global", "protected")
"""Words of a row's setting that share its removals out over the layers otherwise than the method does by itself."""


def job(row: Row, tier: Tier) -> Job:
    """Return a row of the paper, or of an installed method, as a job of a tier.

    Raises:
        UnknownNameError: there is no such method.
        MethodError: the installed method cannot be loaded.
    """
    from prunebench.pruning.guests import described
    from prunebench.pruning.registry import found, named

    method = named(row.method)
    if method.source:
        return _brought_along(row, tier, *described(row.method))
    own = found(method)
    if row.variant and row.variant not in BLOCKS:
        method = replace(method, options=options(target=row.variant))
    if allocation := [word for word in row.setting.split(", ") if word in ALLOCATIONS]:
        method = replace(method, options=options(allocation=allocation[0]))
    if row.dataset == DETECTION:
        return Transfer(row, tier, method)
    recipes = apart(tier.recipes_for(tier.stand_in(row)), row.setting)
    of = "flops" if "FLOPs" in row.setting else ""
    acting = penalty(row, recipes, tier.description(row.dataset).train)
    return Job(row, tier, method, acting, _stop(own), _source(row, tier), of)


def _source(row: Row, tier: Tier) -> Job | None:
    if row.method not in TRANSFERS:
        return None
    return job(replace(row, dataset="CIFAR-10", network="VGG-16", method=TRANSFERS[row.method]), tier)


def candidate(row: Row, tier: Tier, reference: str) -> Job:
    """Return a user's method on a row of `claims/test_candidate.py` as a job of a tier.

    Args:
        row: network and ratio.
        tier: what stands for them.
        reference: `path/to/file.py:NAME`, or the name of an installed method.

    Raises:
        MethodError: there is no such method.
    """
    from prunebench.pruning.guests import described

    method, own = described(reference)
    return _brought_along(named_after(row, reference), tier, method, own)


def named_after(row: Row, reference: str) -> Row:
    """Return a candidate's row by the name of its method; arguments are those of `candidate`."""
    file, _, name = reference.rpartition(":")
    said = f"{Path(file).stem}.{name}" if file else name  # many a file calls its method Prune
    return replace(row, id=row.id.replace("candidate", f"candidate.{said}", 1), method=said)


def _brought_along(row: Row, tier: Tier, method: Method, own: Traits) -> Job:
    """Return the job of a method that brings its own regulariser, if any."""
    acting = Regulariser("method", method=method) if own.regulariser else None
    return Job(row, tier, method, acting, _stop(own))


def _stop(own: Any) -> int | None:
    """Return the epoch after which a method's network is pruned; `files.load_file` says what a method may have."""
    return 0 if getattr(own, "at_initialisation", False) else None

"""How big a run is: tiers by name."""

from __future__ import annotations

from prunebench.common.errors import UnknownNameError
from prunebench.protocol.tiers.full import PAPER, QUICK
from prunebench.protocol.tiers.laptop import LAPTOP
from prunebench.protocol.tiers.smoke import SMOKE
from prunebench.protocol.tiers.tier import Detecting, Tier, base, with_names

__all__ = [
    "LAPTOP",
    "PAPER",
    "QUICK",
    "SMOKE",
    "Detecting",
    "Tier",
    "base",
    "choose",
    "register",
    "summaries",
    "with_names",
]

_TIERS = {tier.name: tier for tier in (SMOKE, LAPTOP, QUICK, PAPER)}


def summaries() -> dict[str, str]:
    """Return all tiers by name, each with one line for people."""
    return {name: tier.summary for name, tier in _TIERS.items()}


def register(tier: Tier) -> None:
    """Add a tier, or replace the one of its name, for this process: for studies of one's own and for tests."""
    _TIERS[tier.name] = tier


def choose(name: str, cuda: bool = False) -> tuple[Tier, str]:
    """Return the tier of a name and the reason for it.

    Args:
        name: of a tier, or `auto`: quick where a CUDA device and a dataset of the paper are there, else smoke.
        cuda: whether both are there.

    Raises:
        UnknownNameError: there is no such tier.
    """
    if name == "auto":
        if cuda:
            return QUICK, "auto: here are a CUDA device and a dataset of the paper"
        return SMOKE, "auto: digits are embedded; a larger tier wants a CUDA device and a dataset of the paper"
    if name not in _TIERS:
        raise UnknownNameError("tier", name, [*_TIERS, "auto"])
    return _TIERS[name], "as asked"

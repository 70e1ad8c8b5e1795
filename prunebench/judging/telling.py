"""What is known of a tier's power: the tables that `prunebench power --json` wrote, `claims/power/<tier>.json`."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from prunebench.protocol import tables


def discriminates(tier: str, test: str, relation: str) -> bool | None:
    """Return whether a claim can be told from its opposite in a tier; None where nobody has tried.

    Args:
        tier: with the datasets that were substituted in its name, of which nothing is known then.
        test: name of the claim's record.
        relation: that is tested; a table of another sentence says nothing of this one.
    """
    found = _table(tier).get(test)
    return bool(found["discriminates"]) if found and found["relation"] == relation else None


@cache
def _table(tier: str) -> dict[str, Any]:
    file = tables.DEFAULT.parent / "power" / f"{tier}.json"
    return {entry["test"]: entry for entry in json.loads(file.read_text("utf-8"))} if file.is_file() else {}

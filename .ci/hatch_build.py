"""Puts the commit that it is built from into a wheel or source distribution, where there is no repository to ask."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommitHook(BuildHookInterface[Any]):
    """Adds the file that `prunebench.runner.environment.commit` reads."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add it unless the checkout itself is used, or this is a source distribution that has it already."""
        sys.path.insert(0, self.root)
        from prunebench.runner.environment import BUILT_FROM, commit

        if version == "editable" or (Path(self.root) / BUILT_FROM).exists() or commit() == "unknown":
            return
        with tempfile.NamedTemporaryFile("w", suffix=".commit", delete=False) as file:
            file.write(f"{commit()}\n")
        build_data["force_include"][file.name] = BUILT_FROM

"""`prunebench doctor`: what this machine can do."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import typer

from prunebench.commands.options import Data, Json


def doctor(
    data: Data = Path("data"),
    as_json: Json = False,
) -> None:
    """Show what this machine can do, and what to do about the rest; fails only if nothing could run."""
    from prunebench.commands.checkup import checks

    found = checks(Path.cwd(), data)
    if as_json:
        print(json.dumps([asdict(check) for check in found], indent=1))
    else:
        width = max(len(check.name) for check in found)
        for check in found:
            print(f"{'OK' if check.ok else '--'}  {check.name:{width}}  {check.found}")
            if not check.ok:
                print(f"    {'':{width}}  -> {check.todo}")
    raise typer.Exit(any(check.essential and not check.ok for check in found))

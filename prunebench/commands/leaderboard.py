"""`prunebench leaderboard`: the pages of what runs have found, wherever prunebench is installed."""

from __future__ import annotations

from importlib import import_module

import typer

from prunebench.common.places import LEADERBOARD


def leaderboard(context: typer.Context) -> None:
    """Build, show, export or validate the pages; in a clone, `python -m leaderboard` is the same."""
    import_module(f"{LEADERBOARD}.__main__").main("prunebench leaderboard", context.args)

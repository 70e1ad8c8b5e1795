"""`prunebench run`: the main job, wherever prunebench is installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer

from prunebench.common.places import claims_for


def run(context: typer.Context) -> None:
    """Run claims: those in ./claims, else those that prunebench brings; data, records and MLflow's store stay here.

    Takes all that pytest takes, such as `-k slimming -n 4 --pb-tier smoke`; in a clone, `pytest claims` is the same.
    `pytest --help` shows the options; those of prunebench start with --pb-.
    """
    command = [sys.executable, "-P", "-m", "pytest", *claims_for(Path.cwd()), *context.args]
    os.execv(sys.executable, command)

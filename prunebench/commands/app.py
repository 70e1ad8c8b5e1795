"""The command line: typer glue only."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from prunebench.commands import data
from prunebench.commands.audit import audit
from prunebench.commands.bench import bench
from prunebench.commands.check import check
from prunebench.commands.doctor import doctor
from prunebench.commands.leaderboard import leaderboard
from prunebench.commands.list import list_
from prunebench.commands.new_method import new_method
from prunebench.commands.plan import plan
from prunebench.commands.power import power
from prunebench.commands.run import run
from prunebench.commands.show import show
from prunebench.commands.sync import sync
from prunebench.common.errors import PrunebenchError
from prunebench.common.places import RUN
from prunebench.common.signals import as_ctrl_c
from prunebench.common.terminal import spell
from prunebench.runner.environment import commit

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Of commands that hand what they are given to another."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Is a pruned network good because of its weights, or only because of its architecture? "
    f"The main job is `{RUN} -k slimming -n 4`; these commands look around it.",
)

app.command(context_settings=PASSED_ON, options_metavar="[OPTIONS OF PYTEST]")(run)
app.command("list")(list_)
for command in (show, plan, power, new_method, check, audit, sync, bench, doctor):
    app.command()(command)
app.add_typer(data.app, name="data")
app.command(context_settings=PASSED_ON | {"help_option_names": []}, options_metavar="COMMAND [OPTIONS]")(leaderboard)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"prunebench {version('prunebench')}, commit {commit()}")
        raise typer.Exit


@app.callback()
def about(
    tell: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show version and commit, and exit.")
    ] = False,
) -> None:
    """Take what stands before a command."""


def main() -> None:
    """Run the command line; errors that explain themselves come without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        spell(stream)
    undo = as_ctrl_c()
    try:
        app()
    except PrunebenchError as error:
        print(f"prunebench: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    finally:
        undo()

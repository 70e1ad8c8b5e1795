"""`prunebench new-method NAME`: a method file to fill in."""

from __future__ import annotations

import keyword
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from prunebench.common.errors import PrunebenchError
from prunebench.common.places import RUN

LONGEST = 60


class Form(StrEnum):
    """What a method's file defines."""

    score = "score"
    plan = "plan"
    regulariser = "regulariser"
    importance = "importance"
    module = "module"


def new_method(
    name: Annotated[str, typer.Argument(help="Name of the method: that of the file, without .py.")],
    form: Annotated[Form, typer.Option(help="What it defines; a score per channel is the shortest.")] = Form.score,
) -> None:
    """Write a method file that runs as it is, to be filled in."""
    if len(name) > LONGEST or not name.isascii() or not name.isidentifier() or keyword.iskeyword(name):
        raise PrunebenchError(
            f"{name[:LONGEST]!r} is no name for a method: give letters, digits and underscores, {LONGEST} at most, no "
            "digit first and no keyword of Python, such as my_method; the file is written into this folder"
        )
    text = files("prunebench.pruning.forms").joinpath(f"{form}.py").read_text(encoding="utf-8")
    text = text.replace("NAME", name).replace("pytest claims", RUN)
    try:
        with open(Path(f"{name}.py"), "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise PrunebenchError(f"{name}.py is there already and stays as it is; give another name") from None
    except OSError as error:
        raise PrunebenchError(f"cannot write {name}.py: {error.strerror}; go to a folder that you can write") from error
    print(f"wrote {name}.py; next: prunebench check {name}.py:Prune")

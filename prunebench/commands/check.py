"""`prunebench check FILE.py:NAME`: the conformance report of a method."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from prunebench.commands.options import Json


def check(
    method: Annotated[str, typer.Argument(help="path/to/file.py:NAME, or the name of a method of `prunebench list`.")],
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")] = False,
    as_json: Json = False,
) -> None:
    """Try a method on tiny networks of five families: does it keep to its contract? Exit code 1 where it does not."""
    import torch

    from prunebench.conformance.report import check as examine
    from prunebench.conformance.show import as_markdown, as_text
    from prunebench.pruning import registry

    if ":" in method or method.endswith(".py"):
        given, own = registry.load(method)
    else:
        given = registry.named(method)
        own = registry.found(given)
    torch.set_num_threads(1)  # for networks so tiny more only wait for each other, longer still on a busy machine
    report = examine(given, own)
    print(json.dumps(report.to_json(), indent=1) if as_json else (as_markdown if markdown else as_text)(report))
    raise typer.Exit(0 if report.passed else 1)

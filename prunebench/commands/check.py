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
    from prunebench.common import child
    from prunebench.conformance.report import Report
    from prunebench.conformance.show import as_markdown, as_text
    from prunebench.pruning import registry
    from prunebench.pruning.guests import described

    if ":" in method or method.endswith(".py"):
        described(method)
    else:
        registry.named(method)
    told, _ = child.call("prunebench.conformance.report:examine", method, who=f"the method {method}")
    report = Report.from_json(told)
    print(json.dumps(told, indent=1) if as_json else (as_markdown if markdown else as_text)(report))
    raise typer.Exit(0 if report.passed else 1)

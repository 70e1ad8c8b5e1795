"""`prunebench check FILE.py:NAME`: the conformance report of a method."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from prunebench.commands.options import Data, Json


def check(
    method: Annotated[str, typer.Argument(help="path/to/file.py:NAME, or the name of a method of `prunebench list`.")],
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")] = False,
    network: Annotated[str, typer.Option(metavar="FILE.py:BUILD", help="Your network, to try the method on it.")] = "",
    dataset: Annotated[str, typer.Option(help="Whose images the network is for; they need not be there.")] = "digits",
    data: Data = Path("data"),
    as_json: Json = False,
) -> None:
    """Try a method on tiny networks of five families: does it keep to its contract? Exit code 1 where it does not.

    With --network: what can be pruned of a network of yours and what not, and whether a run would work, before
    anything is trained.
    """
    from prunebench.common import child
    from prunebench.conformance.report import Report
    from prunebench.conformance.show import as_markdown, as_text
    from prunebench.pruning import registry
    from prunebench.pruning.guests import described

    if network:
        _suitability(method, network, dataset, data, as_json)
    if ":" in method or method.endswith(".py"):
        described(method)
    else:
        registry.named(method)
    told, _ = child.call("prunebench.conformance.report:examine", method, who=f"the method {method}")
    report = Report.from_json(told)
    print(json.dumps(told, indent=1) if as_json else (as_markdown if markdown else as_text)(report))
    raise typer.Exit(0 if report.passed else 1)


def _suitability(method: str, reference: str, dataset: str, data: Path, as_json: bool) -> None:
    from prunebench.common import child
    from prunebench.conformance.show import suitability

    who = f"{method} on {reference}"
    told, _ = child.call("prunebench.conformance.visit:suits", method, reference, dataset, data, who=who)
    print(json.dumps(told, indent=1) if as_json else suitability(told))
    raise typer.Exit(0 if told["passed"] else 1)

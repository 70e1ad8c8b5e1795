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
    import torch

    from prunebench.conformance import suitability
    from prunebench.datasets import available
    from prunebench.networks import build
    from prunebench.networks.own import load
    from prunebench.pruning import registry

    torch.set_num_threads(1)
    user = ":" in method or method.endswith(".py")
    found = registry.load(method)[1] if user else registry.found(registry.named(method))
    own, about = load(reference), available.describe(dataset, data)
    shape = (about.channels, about.size, about.size)
    subject = suitability.Subject(found, lambda: build(own, about.channels, about.classes), shape, about.classes)
    report = suitability.examine(subject)
    print(json.dumps(suitability.as_json(*report), indent=1) if as_json else suitability.as_text(*report))
    raise typer.Exit(1 if any(finding.state == "fail" for finding in report[0]) else 0)

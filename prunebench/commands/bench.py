"""`prunebench bench`: typer glue only."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Literal

import typer

from prunebench.commands.options import Json
from prunebench.common.terminal import counted


def bench(
    device: Annotated[Literal["cpu", "cuda"], typer.Option(help="What both loops run on.")] = "cpu",
    network: Annotated[
        list[str] | None, typer.Option(help="Network of the smoke tier, CIFAR VGG-16 or CIFAR ResNet-56; repeatable.")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Rounds that count (default: 7, of full networks 3).")
    ] = None,
    packed: Annotated[
        int, typer.Option(min=1, help="Trainings that run as one, timed beside ours (on a CPU; 1: none).")
    ] = 1,
    as_json: Json = False,
) -> None:
    """Measure our training loop against the plain loop that a user would write, interleaved in one run."""
    from prunebench import benchmark

    found = []
    for subject in benchmark.subjects(network or benchmark.DEFAULT, device):
        planned = counted(rounds or subject.rounds, "round")
        print(f"measuring {subject.name}, {planned} after one that does not count", file=sys.stderr, flush=True)
        found.append(benchmark.bench(subject, device, rounds, packed))
        if not as_json:
            print(_line(found[-1]), flush=True)
    if as_json:
        print(json.dumps(found, indent=1))


def _line(result: dict[str, Any]) -> str:
    head = f"{result['network']:15} {result['dataset']}, batch {result['batch_size']}, {result['device']}"
    low, high = result["spread"]
    rest = "" if result["overhead_share"] is None else f"  overhead {result['overhead_share']:.1%}"
    for name, words in (("plain_tuned", "plain under our settings"), ("packed", "packed")):
        rest += "" if result[name] is None else f"  {words} {result[name]:.0f} images/s"
    return (
        f"{head}:  ours {result['ours']:>7.0f}  plain {result['plain']:>7.0f} images/s  "
        f"ratio {result['ratio']:.2f} [{low:.2f}, {high:.2f}]  input {result['input_share']:.1%}{rest}"
    )

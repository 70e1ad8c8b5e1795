"""`prunebench power`: what the claims can tell in a tier, before anything is trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from prunebench.commands.options import Data, Json


def power(
    expression: Annotated[str, typer.Option("-k", help="As pytest's -k.")] = "",
    tier: Annotated[str, typer.Option(help="Size of the run whose spread is taken.")] = "smoke",
    seeds: Annotated[int | None, typer.Option(help="Seeds of each row; else the tier's.", min=2)] = None,
    data: Data = Path("data"),
    as_json: Json = False,
) -> None:
    """Show how often each claim ends in each state if the paper's effect is true, none is, or the opposite.

    Figures are drawn with the spread and correlations of the tier's records. A claim that still ends SUPPORTED in more
    than 20 % under the opposite of what it says does not discriminate there.
    """
    from prunebench.common.machine import cores
    from prunebench.judging.bodies import bodies
    from prunebench.judging.characteristics import all_of
    from prunebench.judging.from_records import rows_of
    from prunebench.judging.settings import as_recorded
    from prunebench.judging.spread import spread_of

    settings = as_recorded(tier)
    chosen = [body for body in bodies(expression) if body.told.claim not in ("control", "candidate")]
    spread = spread_of(rows_of((data / "records", Path("leaderboard/results")), tier))
    found = [each.as_json() for each in all_of(chosen, settings, spread, seeds or settings.tier.seeds, cores())]
    print(json.dumps(found, indent=1) if as_json else _page(found, len(spread.rows), tier))


def _page(found: list[dict[str, Any]], rows: int, tier: str) -> str:
    width = max((len(each["test"]) for each in found), default=4)
    columns = f"{'paper S/R/I':>13}  {'none S/R/I':>13}  {'opposite S/R/I':>14}  80 % takes"
    head = f"{'claim':6}{'test':{width}}  seeds  {columns}"
    basis = f"{rows} rows on record" if rows else "no record here: an arm's spread is taken as half a point"
    lines = [f"tier {tier}; spread and correlations of {basis}; percent SUPPORTED / REFUTED / INCONCLUSIVE", "", head]
    for each in found:
        cells = [_cell(each["truth"][name]) for name in ("paper", "none", "opposite")]
        needed = f"{each['seeds']} seeds" if each["seeds"] else "more than 50"
        said = "" if each["discriminates"] else "  does not discriminate"
        start = f"{each['claim']:6}{each['test']:{width}}  {each['n']:5}"
        lines.append(f"{start}  {cells[0]:>13}  {cells[1]:>13}  {cells[2]:>14}  {needed}{said}")
    dull = sum(not each["discriminates"] for each in found)
    return "\n".join([*lines, "", f"{len(found)} claim tests, of which {dull} do not discriminate in tier {tier}"])


def _cell(shares: dict[str, float]) -> str:
    return "/".join(f"{100 * shares[state]:.0f}" for state in ("SUPPORTED", "REFUTED", "INCONCLUSIVE"))

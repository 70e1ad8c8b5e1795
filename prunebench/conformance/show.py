"""The conformance report for people: on the terminal, and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prunebench.conformance.families import FAMILIES
from prunebench.conformance.points import POINTS
from prunebench.conformance.report import Point, Report

MARKS = {"fail": "FAIL", "skip": "-"}


def as_text(report: Report) -> str:
    """Return a table of what was seen, then each failure and each family that was left out."""
    lines = _table(report)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    rows = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([*rows, "", *_remarks(report), headline(report)])


def as_markdown(report: Report) -> str:
    """Return the same as Markdown."""
    heading, *lines = ["| " + " | ".join(map(_escaped, line)) + " |" for line in _table(report)]
    rule = "|" + " --- |" * (len(FAMILIES) + 1)
    source = f"\n\nsha256 of its source: `{report.method.source}`" if report.method.source else ""
    remarks = [f"* {_escaped(line)}" for line in _remarks(report)]
    return "\n".join([f"**{headline(report)}**{source}", "", heading, rule, *lines, "", *remarks]).rstrip()


def suitability(told: Mapping[str, Any]) -> str:
    """Return what was found of a method on a user's network, as `suitability.as_json` has it."""
    lines = []
    for finding in told["findings"]:
        first, *others = finding["seen"] or [""]
        lines += [f"{finding['state']:<5} {finding['name']:<17} {first}", *(" " * 24 + line for line in others)]
    failed = sum(finding["state"] == "fail" for finding in told["findings"])
    result = f"{failed} of them fail" if failed else "nothing stands in the way"
    return "\n".join([*lines, f"{result}; {told['seconds']:.1f} s"])


def headline(report: Report) -> str:
    """Return the result in a sentence."""
    served = len({point.family for point in report.points if point.state == "ok"})
    count = len(report.failed)
    result = f"{count} point{'s fail' if count > 1 else ' fails'}" if count else "every point holds"
    if not report.passed and not count:
        result = "it can prune none of the families"
    return f"{report.method.name}: {result}; {served} of {len(FAMILIES)} families, {report.seconds:.1f} s"


def _table(report: Report) -> list[list[str]]:
    by = {(point.name, point.family): point for point in report.points}
    return [["", *FAMILIES], *([name, *(_cell(by[name, family]) for family in FAMILIES)] for name in POINTS)]


def _cell(point: Point) -> str:
    return MARKS.get(point.state, point.seen)


def _remarks(report: Report) -> Iterator[str]:
    for p in report.failed:
        yield f"FAIL {p.name}, {p.family}. Expected: {p.expected}. Came: {p.seen}. Look at: {p.where}."
    for p in report.points:
        if p.name == "runs" and p.state == "skip":
            yield f"not tried on {p.family}: {p.seen}"


def _escaped(text: str) -> str:
    """Return text that Markdown and HTML leave as it is, on one line."""
    for character in "\\`*_|<>[]":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())

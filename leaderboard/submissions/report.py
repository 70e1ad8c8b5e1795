"""What was found in a submission, as text, as JSON, and as Markdown that shows nothing but plain words of it."""

from __future__ import annotations

import json
from dataclasses import asdict

from .changes import Change
from .validate import Report

SHOWN = 50
"""Lines of a kind that a comment shows at most; a comment on GitHub has room for 65,536 characters."""


def as_text(report: Report) -> str:
    """Return a line for each fault, change and verdict that cannot be derived again, and one for them all."""
    lines = [f"{file}: {f.what}; valid: {f.valid}; {f.todo}" for file, all_ in report.faults.items() for f in all_]
    lines += [f"{file}: not checked: {why}" for file, reasons in report.unknown.items() for why in reasons]
    lines += [f"{c.name}: {c.kind}{_moved(c)}{_fields(c)}" for c in report.changes or ()]
    return "\n".join([*lines, _sum(report)])


def as_json(report: Report) -> str:
    """Return the same as JSON: `valid`, `files`, `faults` and `unknown` by file, `changes`."""
    faults = {file: [fault._asdict() for fault in all_] for file, all_ in report.faults.items()}
    changes = None if report.changes is None else [asdict(change) for change in report.changes]
    found = {"valid": report.valid, "files": report.files, "faults": faults, "unknown": report.unknown}
    return json.dumps(found | {"changes": changes}, indent=1)


def as_markdown(report: Report) -> str:
    """Return a comment for a pull request. All that comes from the submission is shown as code, on one line."""
    changes = [
        f"| {code(c.name)} | {c.kind} | {_arrow(c.before, c.after)} | {code(', '.join(c.fields))} |"
        for c in report.changes or ()
    ]
    faults = [
        f"- {code(file)}: {code(f.what)}<br>valid: {code(f.valid)}<br>to do: {code(f.todo)}"
        for file, all_ in report.faults.items()
        for f in all_
    ]
    unknown = [f"- {code(file)}: {code(why)}" for file, reasons in report.unknown.items() for why in reasons]
    head = "| record | change | verdict | fields |\n|---|---|---|---|"
    parts = [
        f"### Submission: {'valid' if report.valid else 'not valid'}",
        _sum(report),
        *_section("What is wrong", "", faults),
        *_section("What changes", head, changes),
        *_section("What could not be derived again", "", unknown),
    ]
    return "\n\n".join(parts) + "\n"


def code(text: str) -> str:
    """Return text that someone else wrote as inline code that stays on its line and in its table cell."""
    plain = "".join(c if c.isprintable() and c not in "`|" else "?" for c in text)
    return f"`{plain[:300]}`" if plain.strip() else ""


def _section(title: str, head: str, lines: list[str]) -> list[str]:
    more = [f"\nand {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    body = "\n".join([*([head] if head else []), *lines[:SHOWN], *more])
    return [f"#### {title}", body] if lines else []


def _sum(report: Report) -> str:
    faults = sum(map(len, report.faults.values()))
    unknown = sum(map(len, report.unknown.values()))
    counts = [f"files: {report.files}", f"faults: {faults}", f"verdicts that cannot be derived again: {unknown}"]
    changed = [] if report.changes is None else [f"records that change: {len(report.changes)}"]
    return ", ".join([*counts, *changed])


def _moved(change: Change) -> str:
    return f" {_arrow(change.before, change.after)}".rstrip()


def _arrow(before: str, after: str) -> str:
    return after or before if before == after or not (before and after) else f"{before} -> {after}"


def _fields(change: Change) -> str:
    more = f" and {len(change.fields) - 12} more" if len(change.fields) > 12 else ""
    return f" ({', '.join(change.fields[:12])}{more})" if change.fields else ""

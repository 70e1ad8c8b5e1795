"""What `prunebench show` prints for people: one fact a line with its unit, then a table of the arms."""

from __future__ import annotations

from typing import Any

UNITS = {"params": "parameters", "flops": "FLOPs per image", "macs": "multiply-accumulates per image"}


def page(found: dict[str, Any]) -> str:
    """Return a preview, of any tier, as aligned lines."""
    lines = [f"{name:14}{_fact(name, value)}" for name, value in found.items() if name not in ("arms", "cost")]
    costs = found.get("cost")
    head = ["arm", "epochs", "seeds", *(["training FLOPs per seed"] if costs else []), "accuracy in percent by seed"]
    unknown = "after pruning" if found.get("recipe", True) else "unknown"
    cells = [_arm(name, arm, costs, unknown) for name, arm in found["arms"].items()]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    lines += ["", *("  ".join(map(str.ljust, row, widths)).rstrip() for row in [head, *cells])]
    return "\n".join([*lines, "", f"FLOPs of a training: {costs['rule']}; an estimate"] if costs else lines)


def _arm(name: str, arm: dict[str, Any], costs: dict[str, Any] | None, unknown: str) -> list[str]:
    epochs = unknown if arm["epochs"] is None else str(arm["epochs"])
    accuracies = ", ".join(f"{value:.2f}" for value in arm["accuracy"]) or "not trained yet"
    flops = costs["flops"][name] if costs else None
    cost = [unknown if flops is None else f"{flops:.2e}"] if costs else []
    return [name, epochs, ", ".join(map(str, arm["seeds"])), *cost, accuracies]


def _fact(name: str, value: Any) -> str:
    kind, _, which = name.partition("_")
    if kind in UNITS:
        if value is None:
            return "decided by pruning" if which == "pruned" else "unknown"
        each = value if isinstance(value, list) else [value]
        return f"{', '.join(f'{number:,}' for number in each)} {UNITS[kind]}"
    if name == "images" and value:
        shape = f"{value['channels']} channels of {value['size']}x{value['size']} pixels, {value['classes']:,} classes"
        return f"{value['train']:,} to train, {value['test']:,} to test, {shape}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(part)}" for key, part in value.items())
    return "-" if value is None else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return "/".join(map(str, value)) or "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)

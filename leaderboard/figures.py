"""Records -> Plotly figures as plain data. A colour is the name of a CSS variable; the page looks it up, light or dark.

Text of a record is escaped here, since Plotly reads some HTML in labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import zip_longest
from statistics import fmean
from typing import Any

from leaderboard.views import TRUNK, arm_label, compares_weights, headline, in_order, page_of, signed
from prunebench.parts import VerdictRecord
from prunebench.record import Record

Figure = dict[str, Any]

_COLOURS = {
    name: f"--arm-{name.replace('_', '-')}" for name in ("dense", "sparse", "finetune", "scratch_e", "scratch_b")
}
_STATES = {"SUPPORTED": "--supported", "INCONCLUSIVE": "--inconclusive", "REFUTED": "--refuted"}
_SYMBOLS = {"SUPPORTED": "circle", "INCONCLUSIVE": "square", "REFUTED": "x"}


def forest(records: Sequence[Record]) -> Figure | None:
    """Return Scratch-B - fine-tuning of every row with its bounds and margin, the paper's difference beside it."""
    shown = [(record, v) for record in records if (v := headline(record)) and compares_weights(v)]
    if not shown:
        return None
    paper = [(i, record, gap) for i, (record, _) in enumerate(shown) if (gap := _published(record)) is not None]
    traces = [_bounds(state, [(i, r, v) for i, (r, v) in enumerate(shown) if v.state == state]) for state in _STATES]
    marks = {
        "name": "the paper",
        "mode": "markers",
        "x": [gap for _, _, gap in paper],
        "y": [i for i, _, _ in paper],
        "marker": {"symbol": "diamond-open", "size": 10, "color": "--paper", "line": {"width": 2}},
        "hovertemplate": "paper %{x:+.2f}<extra></extra>",
    }
    axis = {"tickvals": list(range(len(shown))), "ticktext": [_label(r) for r, _ in shown]}
    layout = {
        "height": 110 + 38 * len(shown),
        "xaxis": {"title": {"text": "Scratch-B − fine-tuning, points"}, "zeroline": True},
        "yaxis": axis | {"range": [len(shown) - 0.5, -0.5], "showgrid": False, "zeroline": False},
        "shapes": [_margin(i, verdict.margin) for i, (_, verdict) in enumerate(shown)],
    }
    return {"data": [trace for trace in [*traces, marks] if trace["x"]], "layout": layout}


def _bounds(state: str, rows: list[tuple[int, Record, VerdictRecord]]) -> Figure:
    verdicts = [verdict for _, _, verdict in rows]
    return {
        "name": state.lower(),
        "mode": "markers",
        "x": [v.difference for v in verdicts],
        "y": [i for i, _, _ in rows],
        "error_x": {
            "array": [v.upper - v.difference for v in verdicts],
            "arrayminus": [v.difference - v.lower for v in verdicts],
            "color": _STATES[state],
            "thickness": 2,
            "width": 5,
        },
        "marker": {"symbol": _SYMBOLS[state], "size": 9, "color": _STATES[state]},
        "customdata": [page_of(record) for _, record, _ in rows],
        "text": [
            f"{escape(r.title)}<br>{signed(v.difference)} [{signed(v.lower)}, {signed(v.upper)}]" for _, r, v in rows
        ],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _published(record: Record) -> float | None:
    paper = record.paper
    return paper["scratch_b"].mean - paper["finetune"].mean if {"scratch_b", "finetune"} <= paper.keys() else None


def _label(record: Record) -> str:
    network, dataset, method = (escape(s.name[:24]) for s in (record.network, record.dataset, record.method))
    return f"{network} · {100 * record.ratio:.3g} %<br><span style='font-size:10px'>{dataset} · {method}</span>"


def _margin(i: int, margin: float) -> Figure:
    box = {"type": "rect", "layer": "below", "x0": -margin, "x1": 0, "y0": i - 0.5, "y1": i + 0.5}
    return box | {"fillcolor": "--margin", "line": {"width": 0}}


def curves(record: Record) -> Figure:
    """Return test accuracy by epoch: a thin line for each seed, a thick one for their mean."""
    traces: list[Figure] = []
    for name in in_order(record.arms):
        series = [curve.test_accuracy for curve in record.arms[name].curves]
        colour = {"legendgroup": name, "type": "scatter"}
        seeds = [_line(s, 1) | colour | {"opacity": 0.35, "showlegend": False, "hoverinfo": "skip"} for s in series]
        means = [fmean(values) for values in zip(*series, strict=False)]
        hover = {"name": escape(arm_label(name)), "hovertemplate": "epoch %{x}: %{y:.2f} %"}
        mean = _line(means, 2.5) | colour | hover
        for trace in [*seeds, mean] if series else []:
            trace["line"]["color"] = _colour(name)
            traces.append(trace)
    longest = max((len(trace["x"]) for trace in traces), default=0)
    layout = {
        "height": 420,
        "xaxis": {"title": {"text": "epoch"}, "rangemode": "tozero"} | ({"dtick": 1} if longest < 12 else {}),
        "yaxis": {"title": {"text": "test accuracy, %"}},
        "hovermode": "x unified",
    }
    return {"data": traces, "layout": layout}


def _line(values: Sequence[float], width: float) -> Figure:
    mode = "lines" if len(values) > 1 else "markers"
    return {"mode": mode, "x": list(range(1, len(values) + 1)), "y": list(values), "line": {"width": width}}


def _colour(name: str) -> str:
    return _COLOURS.get(name, "--arm-other")


def dots(record: Record) -> Figure:
    """Return the last epoch's accuracy of every seed, a line of dots for each arm, with a bar at the mean."""
    names = [name for name in in_order(record.arms) if name not in TRUNK and record.arms[name].accuracy]
    labels = [escape(arm_label(name)) for name in names]
    values = [record.arms[name].accuracy for name in names]
    marker = {"size": 10, "opacity": 0.75}
    seeds = [
        {
            "mode": "markers",
            "x": v,
            "y": [label] * len(v),
            "marker": marker | {"color": _colour(name)},
            "type": "scatter",
        }
        for name, label, v in zip(names, labels, values, strict=True)
    ]
    bar = {"symbol": "line-ns-open", "size": 20, "color": "--ink", "line": {"width": 2}}
    means = {"mode": "markers", "x": [fmean(v) for v in values], "y": labels, "marker": bar, "type": "scatter"}
    hover = {"hovertemplate": "%{x:.2f} %<extra>%{y}</extra>", "showlegend": False}
    layout = {
        "height": 110 + 44 * len(names),
        "xaxis": {"title": {"text": "test accuracy of the last epoch, %"}},
        "yaxis": {"autorange": "reversed", "showgrid": False},
    }
    return {"data": [trace | hover for trace in [*seeds, means]], "layout": layout}


def channels(record: Record) -> Figure | None:
    """Return the channels that each layer keeps: mean over the seeds, with lowest and highest, before all it had."""
    layers = [layer for layer in zip_longest(*(pruned.layers for pruned in record.pruned)) if None not in layer]
    if not layers:
        return None
    names = [escape(layer[0].layer) for layer in layers]
    kept = [[one.kept for one in layer] for layer in layers]
    means = [fmean(values) for values in kept]
    whiskers = {
        "array": [max(v) - mean for v, mean in zip(kept, means, strict=True)],
        "arrayminus": [mean - min(v) for v, mean in zip(kept, means, strict=True)],
        "color": "--ink",
        "thickness": 1,
    }
    total = _bars("before", names, [layer[0].total for layer in layers], "--before")
    left = _bars("kept", names, means, "--arm-scratch-b") | {"error_y": whiskers}
    layout = {
        "height": 340,
        "barmode": "overlay",
        "xaxis": {"tickangle": -45, "type": "category"},
        "yaxis": {"title": {"text": "channels"}},
    }
    return {"data": [total, left], "layout": layout}


def _bars(name: str, layers: list[str], values: Iterable[float], colour: str) -> Figure:
    hover = {"hovertemplate": f"%{{x}}: %{{y:.3g}} {name}<extra></extra>"}
    return {"type": "bar", "name": name, "x": layers, "y": list(values), "marker": {"color": colour}} | hover

// A record -> its figures.
"use strict";

const COLOURS = Object.fromEntries(
  ["dense", "sparse", "pruned", "finetune", "scratch_e", "scratch_b"].map((name) => [
    name,
    `--arm-${name.replace("_", "-")}`,
  ]),
);
pb.armColour = (name) => (Object.hasOwn(COLOURS, name) ? COLOURS[name] : "--arm-other");
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];

/** Other arms than the paper's five share a colour: their dashes tell them apart. */
function dash(name, names) {
  const others = names.filter((other) => !Object.hasOwn(COLOURS, other));
  return Object.hasOwn(COLOURS, name) ? "solid" : DASHES[others.indexOf(name) % DASHES.length];
}

pb.figures = {};

/** Test accuracy by epoch: a thin line for each seed, a thick one for their mean. */
pb.figures.curves = ({ arms }) => {
  const names = pb
    .inOrder(Object.keys(arms))
    .filter((name) => arms[name].curves.some((curve) => curve.test_accuracy.length));
  if (!names.length) return null;
  const data = names.flatMap((name) => {
    const series = arms[name].curves.map((curve) => curve.test_accuracy);
    const style = { color: pb.armColour(name), dash: dash(name, names) };
    const seeds = series.map((y) => ({
      ...trace(y),
      legendgroup: name,
      line: { ...style, width: 1 },
      opacity: 0.35,
      showlegend: false,
      hoverinfo: "skip",
    }));
    const hover = { name: pb.label(pb.arm(name)), hovertemplate: "epoch %{x}: %{y:.2f} %" };
    return [...seeds, { ...trace(meanOf(series)), ...hover, legendgroup: name, line: { ...style, width: 2.5 } }];
  });
  const longest = Math.max(...data.map(({ x }) => x.length));
  const xaxis = { title: { text: "epoch" }, rangemode: "tozero", ...(longest < 12 ? { dtick: 1 } : {}) };
  return {
    data,
    layout: { height: 420, xaxis, yaxis: { title: { text: "test accuracy, %" } }, hovermode: "x unified" },
  };
};

function trace(y) {
  return { type: "scatter", mode: y.length > 1 ? "lines" : "markers", x: y.map((_, i) => i + 1), y };
}

function meanOf(series) {
  const shortest = Math.min(...series.map((values) => values.length));
  return Array.from({ length: shortest }, (_, i) => pb.mean(series.map((values) => values[i])));
}

/** The last epoch's accuracy of every seed, a line of dots for each arm, with a bar at the mean. */
pb.figures.dots = ({ arms }) => {
  const names = pb.inOrder(Object.keys(arms)).filter((name) => !pb.TRUNK.includes(name) && arms[name].accuracy.length);
  if (!names.length) return null;
  const label = (name) => pb.label(pb.arm(name), 24);
  const hover = { type: "scatter", hovertemplate: "%{x:.2f} %<extra>%{y}</extra>", showlegend: false, mode: "markers" };
  const seeds = names.map((name) => ({
    ...hover,
    x: arms[name].accuracy,
    y: arms[name].accuracy.map(() => label(name)),
    marker: { size: 10, opacity: 0.75, color: pb.armColour(name) },
  }));
  const bar = { symbol: "line-ns-open", size: 20, color: "--ink", line: { width: 2 } };
  const means = { ...hover, x: names.map((name) => pb.mean(arms[name].accuracy)), y: names.map(label), marker: bar };
  const xaxis = { title: { text: "test accuracy of the last epoch, %" } };
  return {
    data: [...seeds, means],
    layout: { height: 110 + 44 * names.length, xaxis, yaxis: { autorange: "reversed", showgrid: false } },
  };
};

/** Differences with their bounds, one below the other: [{label, difference, lower, upper, colour, margin, paper}]. */
pb.figures.intervals = (rows, title = "points of accuracy") => {
  if (!rows.length) return null;
  const points = rows.map((row, i) => ({
    type: "scatter",
    mode: "markers",
    name: row.name ?? "",
    showlegend: false,
    x: [row.difference],
    y: [i],
    error_x: {
      type: "data",
      symmetric: false,
      array: [row.upper - row.difference],
      arrayminus: [row.difference - row.lower],
      color: row.colour,
      thickness: 2,
      width: 5,
    },
    marker: { size: 9, color: row.colour, symbol: row.symbol ?? "circle" },
    customdata: [row.link ?? null],
    hovertemplate: `${row.label}<br>${pb.signed(row.difference)} [${pb.signed(row.lower)}, ${pb.signed(row.upper)}]<extra></extra>`,
  }));
  const papers = rows.flatMap((row, i) => (pb.known(row.paper) ? [[row.paper, i]] : []));
  const diamonds = {
    type: "scatter",
    mode: "markers",
    name: "the paper",
    x: papers.map(([x]) => x),
    y: papers.map(([, i]) => i),
    marker: { symbol: "diamond-open", size: 10, color: "--paper", line: { width: 2 } },
    hovertemplate: "the paper: %{x:+.2f}<extra></extra>",
    showlegend: true,
  };
  const shapes = rows.flatMap((row, i) => (row.margin ? [band(i, row.margin)] : []));
  const yaxis = {
    tickvals: rows.map((_, i) => i),
    ticktext: rows.map((row) => row.label),
    range: [rows.length - 0.5, -0.5],
    tickfont: { size: innerWidth < 600 ? 10 : 12 },
    showgrid: false,
    zeroline: false,
  };
  return {
    data: papers.length ? [...points, diamonds] : points,
    layout: { height: 100 + 36 * rows.length, xaxis: { title: { text: title }, zeroline: true }, yaxis, shapes },
  };
};

function band(i, [from, to]) {
  return {
    type: "rect",
    layer: "below",
    x0: from,
    x1: to,
    y0: i - 0.5,
    y1: i + 0.5,
    fillcolor: "--margin",
    line: { width: 0 },
  };
}

const PALETTE = ["--arm-scratch-b", "--arm-finetune", "--arm-other", "--paper", "--arm-scratch-e", "--arm-dense"];

/** Curves of a claim: means over the seeds with lowest and highest. */
pb.figures.claimCurves = ({ curves, axes }) => {
  const names = Object.keys(curves).filter((name) => curves[name].some(({ y }) => y.length));
  if (!names.length) return null;
  const data = names.map((name, k) => {
    const points = curves[name].filter(({ y }) => y.length).sort((a, b) => a.x - b.x);
    const means = points.map(({ y }) => pb.mean(y));
    const color = PALETTE[k % PALETTE.length];
    const spread = {
      type: "data",
      symmetric: false,
      array: points.map(({ y }, i) => Math.max(...y) - means[i]),
      arrayminus: points.map(({ y }, i) => means[i] - Math.min(...y)),
      color,
      thickness: 1.2,
      width: 4,
    };
    const line = { color, width: 2.2, dash: DASHES[Math.floor(k / PALETTE.length) % DASHES.length] };
    return {
      type: "scatter",
      mode: "lines+markers",
      name: pb.label(pb.words(name.replaceAll("_", " "))),
      x: points.map(({ x }) => x),
      y: means,
      error_y: spread,
      line,
      marker: { color, size: 7 },
    };
  });
  const [x, y] = axes.map((axis) => pb.label(axis, 80));
  return { data, layout: { height: 420, xaxis: { title: { text: x ?? "" } }, yaxis: { title: { text: y ?? "" } } } };
};

// What pruning kept -> figures.
"use strict";

/** What each layer keeps: channels of all it had, mean over the seeds with lowest and highest. */
pb.figures.kept = ({ pruned }) => {
  const layers = bySeed(pruned, (one) => one.layers);
  const names = layers.map((layer) => pb.label(layer[0].layer, 30));
  const totals = layers.map((layer) => layer[0].total);
  return bars(
    names,
    totals,
    layers.map((layer) => layer.map(({ kept }) => kept)),
    "channels",
  );
};

/** What each stage keeps of its channels or weights, in percent. */
pb.figures.stages = ({ pruned }) => {
  const stages = bySeed(pruned, (one) => one.stages);
  const names = stages.map((_, i) => `stage ${i + 1}`);
  const all = stages.map(() => 100);
  return bars(
    names,
    all,
    stages.map((shares) => shares.map((share) => 100 * share)),
    "kept, %",
  );
};

/** Of each stage the share of weights kept at the nine places of its kernels, mean over the seeds. */
pb.figures.kernels = ({ pruned }) => {
  const stages = bySeed(pruned, (one) => one.kernels);
  if (!stages.length) return null;
  const z = stages.map((seeds) => seeds[0].map((_, place) => 100 * pb.mean(seeds.map((places) => places[place]))));
  const x = z[0].map((_, place) => `${Math.floor(place / 3) + 1}, ${(place % 3) + 1}`);
  const y = z.map((_, i) => `stage ${i + 1}`);
  const hovertemplate = "%{y}, place %{x}: %{z:.1f} % kept<extra></extra>";
  const colorscale = [
    [0, "--card"],
    [1, "--arm-scratch-b"],
  ];
  const heat = {
    type: "heatmap",
    x,
    y,
    z,
    colorscale,
    hovertemplate,
    xgap: 2,
    ygap: 2,
    colorbar: { ticksuffix: " %" },
  };
  const xaxis = { type: "category", title: { text: "row, column of the 3x3 kernel" }, showgrid: false };
  return { data: [heat], layout: { height: 130 + 34 * z.length, xaxis, yaxis: { autorange: "reversed" } } };
};

/** Lists of all seeds -> by place in the lists, the values of all seeds. */
function bySeed(pruned, list) {
  const first = pruned.length ? list(pruned[0]) : [];
  return first.map((_, i) => pruned.map((one) => list(one)[i])).filter((values) => values.every(pb.known));
}

function bars(x, totals, kept, title) {
  if (!x.length) return null;
  const means = kept.map(pb.mean);
  const whiskers = {
    type: "data",
    symmetric: false,
    array: kept.map((values, i) => Math.max(...values) - means[i]),
    arrayminus: kept.map((values, i) => means[i] - Math.min(...values)),
    color: "--ink",
    thickness: 1,
  };
  const bar = (name, y, color) => {
    const hovertemplate = `%{x}: %{y:.3g} ${name}<extra></extra>`;
    return { type: "bar", name, x, y, marker: { color }, hovertemplate };
  };
  const data = [bar("before", totals, "--before"), { ...bar("kept", means, "--arm-scratch-b"), error_y: whiskers }];
  const xaxis = { tickangle: -45, type: "category" };
  return { data, layout: { height: 340, barmode: "overlay", xaxis, yaxis: { title: { text: title } } } };
}

// Lines of the main table -> the figures of all rows.
"use strict";

pb.overview = {};

const STATES = {
  supported: ["--supported", "circle"],
  inconclusive: ["--inconclusive", "square"],
  refuted: ["--refuted", "x"],
};
const MOST = { forest: 60, points: 4000, ranks: 40 };

function lineLabel(lines, i) {
  const at = (name) => pb.cell(lines, name, i);
  return `${pb.label(at("network"), 20)} · ${pb.label(at("dataset"), 16)} · ${pb.label(at("method"), 18)} ${pb.ratio(at("ratio"))}`;
}

/** A label for an axis: on a phone, what fits beside the figure. */
function tickLabel(lines, i) {
  const at = (name) => pb.cell(lines, name, i);
  if (innerWidth >= 600) return lineLabel(lines, i);
  return `${pb.label(at("network"), 14)}<br>${pb.label(at("method"), 12)} ${pb.ratio(at("ratio"))}`;
}

function rowAddress(lines, group, i) {
  return pb.address("rows", group.key, `${pb.cell(lines, "file", i) ?? pb.cell(lines, "row", i)}.html`);
}

/** Fine-tuning less Scratch-B of every row with its bounds, coloured by its verdict, the paper's difference beside it. */
pb.overview.forest = (lines, group, found) => {
  const at = (name, i) => pb.cell(lines, name, i);
  const rows = found
    .filter((i) => pb.known(at("weight", i)))
    .slice(0, MOST.forest)
    .map((i) => {
      const [colour, symbol] = STATES[at("state", i)] ?? ["--faint", "circle"];
      const papers = [at("paper.finetune", i), at("paper.scratch_b", i)];
      const paper = papers.every(pb.known) ? papers[0] - papers[1] : null;
      const bounds = { difference: at("weight", i), lower: at("weight.lower", i), upper: at("weight.upper", i) };
      return { label: tickLabel(lines, i), ...bounds, colour, symbol, paper, link: rowAddress(lines, group, i) };
    });
  return pb.figures.intervals(rows, "weight value: fine-tuned − Scratch-B, points");
};

/** Accuracy against the share of FLOPs that is left, fine-tuned and Scratch-B. */
pb.overview.flops = (lines, group, found) => {
  const arms = ["finetune", "scratch_b"];
  const shown = found.filter((i) => pb.known(pb.cell(lines, "flops", i))).slice(0, MOST.points);
  const data = arms.map((arm) => {
    const of = shown.filter((i) => pb.known(pb.cell(lines, `mean.${arm}`, i)));
    return {
      ...scatter(lines, group, of),
      name: pb.arm(arm),
      x: of.map((i) => pb.cell(lines, "flops", i)),
      y: of.map((i) => pb.cell(lines, `mean.${arm}`, i)),
      marker: { size: 9, opacity: 0.8, color: pb.armColour(arm), symbol: arm === "finetune" ? "diamond" : "circle" },
      hovertemplate: `%{text}<br>${pb.arm(arm)} %{y:.2f} % at %{x:.0f} % of the FLOPs<extra></extra>`,
    };
  });
  const xaxis = { title: { text: "FLOPs left, % of the dense network's" }, rangemode: "tozero" };
  return data.some(({ x }) => x.length)
    ? { data, layout: { height: 460, xaxis, yaxis: { title: { text: "test accuracy, %" } } } }
    : null;
};

function scatter(lines, group, of) {
  return {
    type: "scatter",
    mode: "markers",
    text: of.map((i) => lineLabel(lines, i)),
    customdata: of.map((i) => rowAddress(lines, group, i)),
  };
}

/** The paper's difference of the arms against ours, with the line on which both are equal. */
pb.overview.papers = (lines, group, found) => {
  const gap = (a, b) => (i) =>
    pb.known(pb.cell(lines, a, i)) && pb.known(pb.cell(lines, b, i))
      ? pb.cell(lines, a, i) - pb.cell(lines, b, i)
      : null;
  const [paper, ours] = [gap("paper.finetune", "paper.scratch_b"), gap("mean.finetune", "mean.scratch_b")];
  const shown = found.filter((i) => pb.known(paper(i)) && pb.known(ours(i))).slice(0, MOST.points);
  if (!shown.length) return null;
  const data = Object.entries(STATES).map(([state, [color, symbol]]) => {
    const of = shown.filter((i) => pb.cell(lines, "state", i) === state);
    const hover = "%{text}<br>the paper %{x:+.2f}, here %{y:+.2f}<extra></extra>";
    return {
      ...scatter(lines, group, of),
      name: state,
      x: of.map(paper),
      y: of.map(ours),
      marker: { size: 10, color, symbol },
      hovertemplate: hover,
    };
  });
  const all = shown.flatMap((i) => [paper(i), ours(i)]);
  const [low, high] = [Math.min(0, ...all) - 0.2, Math.max(0, ...all) + 0.2];
  const equal = {
    type: "line",
    layer: "below",
    x0: low,
    x1: high,
    y0: low,
    y1: high,
    line: { color: "--faint", dash: "dot", width: 1.2 },
  };
  const axes = {
    xaxis: { title: { text: "the paper: fine-tuned − Scratch-B, points" } },
    yaxis: { title: { text: "here, points" } },
  };
  return { data: data.filter(({ x }) => x.length), layout: { height: 460, ...axes, shapes: [equal] } };
};

/** Ranks by fine-tuned accuracy on the left, by Scratch-B on the right, a line for each row. */
pb.overview.ranks = (lines, group, found) => {
  const at = (name, i) => pb.cell(lines, name, i);
  const shown = found
    .filter((i) => pb.known(at("mean.finetune", i)) && pb.known(at("mean.scratch_b", i)))
    .slice(0, MOST.ranks);
  if (shown.length < 2) return null;
  const rank = (name) => new Map([...shown].sort((i, j) => at(name, j) - at(name, i)).map((i, k) => [i, k + 1]));
  const [left, right] = [rank("mean.finetune"), rank("mean.scratch_b")];
  const data = shown.map((i) => {
    const [from, to] = [left.get(i), right.get(i)];
    const color = to < from ? "--arm-scratch-b" : to > from ? "--arm-finetune" : "--faint";
    const text = lineLabel(lines, i);
    return {
      type: "scatter",
      mode: "lines+markers",
      x: [0, 1],
      y: [from, to],
      line: { color, width: 1.8 },
      marker: { size: 7, color },
      customdata: [rowAddress(lines, group, i), rowAddress(lines, group, i)],
      hovertemplate: `${text}<br>${from} fine-tuned, ${to} Scratch-B<extra></extra>`,
      showlegend: false,
    };
  });
  const named = [...shown].sort((i, j) => right.get(i) - right.get(j));
  const xaxis = {
    tickvals: [0, 1],
    ticktext: ["rank fine-tuned", "rank Scratch-B"],
    range: [-0.05, 1.05],
    showgrid: false,
    zeroline: false,
    side: "top",
  };
  const yaxis = {
    side: "right",
    tickvals: named.map((_, k) => k + 1),
    ticktext: named.map((i) => tickLabel(lines, i)),
    range: [shown.length + 0.6, 0.4],
    showgrid: false,
    zeroline: false,
  };
  return { data, layout: { height: 120 + 26 * shown.length, xaxis, yaxis, margin: { l: 12, r: 8, t: 40, b: 8 } } };
};

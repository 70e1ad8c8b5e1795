// One method: what its weights are worth, row by row, and the rows.
"use strict";

const host = document.getElementById("view");
const { method, group: home } = pb.data();
const fixed = { method };
pb.home = home;

pb.follow("rows", host, (lines, view, group) => {
  const found = pb.rowsOf(lines, { ...view, ...fixed });
  const table = pb.h("div");
  pb.rowTable(table, lines, view, group, fixed);
  const plots = [
    pb.section(
      "What the inherited weights are worth",
      pb.plot(
        pb.overview.forest(lines, group, found),
        "Weight value of every row",
        "Fine-tuned less Scratch-B with one-sided bounds. Diamonds: the paper's difference.",
      ),
    ),
    pb.section("Accuracy against FLOPs", pb.plot(pb.overview.flops(lines, group, found), "Accuracy against FLOPs")),
  ];
  host.replaceChildren(table, ...plots.filter(Boolean));
});

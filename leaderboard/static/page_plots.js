// Four figures of the rows that the filters leave.
"use strict";

const host = document.getElementById("view");
const table = pb.h(
  "a",
  { class: "same-view", "data-page": "methods.html", href: "methods.html" },
  "these rows as a table",
);
document.querySelector(".intro").append(pb.h("p", {}, table));

pb.follow("rows", host, (lines, view, group) => {
  const found = pb.rowsOf(lines, view);
  const figures = [
    [
      "Accuracy against FLOPs",
      "flops",
      "The same architectures, fine-tuned and trained from scratch for the same FLOPs. A click opens the row.",
    ],
    [
      "What the inherited weights are worth",
      "forest",
      `Fine-tuned less Scratch-B with one-sided bounds, the first ${MOST.forest} rows; right of zero the weights are worth something; the colour is the verdict's. Diamonds: the paper's difference, on the paper's data.`,
    ],
    ["The paper against us", "papers", "On the dotted line both find the same difference."],
    [
      "Ranks that change",
      "ranks",
      `Blue rises and orange falls when the methods are ranked by Scratch-B instead; the first ${MOST.ranks} rows. Filter to one dataset and network to compare methods.`,
    ],
  ];
  const sections = figures.map(([title, name, caption]) =>
    pb.section(
      title,
      pb.plot(pb.overview[name](lines, group, found), title, caption) ??
        pb.h("p", {}, "None of these rows has the numbers for it."),
    ),
  );
  const count = pb.h("p", { role: "status" }, `${pb.count(found.length)} of ${pb.count(lines.count)} rows`);
  host.replaceChildren(
    pb.filterBar(lines, pb.ROW_FILTERS, view, pb.changer()),
    ...pb.notice(group.notice),
    count,
    ...sections,
  );
  pb.writeView(view);
});

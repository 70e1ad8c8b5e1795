// The main table: every method at comparable FLOPs.
"use strict";

/** Columns of the table of rows, for the arms that these lines have. */
pb.rowColumns = (lines, group) => {
  const at = (name, i) => pb.cell(lines, name, i);
  const named = (name, title) => ({
    name,
    title,
    sort: name,
    cell: (i) => pb.subject(at(name, i) ?? "–", at(`${name}_used`, i)),
  });
  const plain = (name, title, text, more = {}) => ({
    name,
    title,
    sort: name,
    number: true,
    cell: (i) => text(at(name, i)),
    ...more,
  });
  const interval = (name, title) => ({
    name,
    title,
    sort: name,
    number: true,
    cell: (i) => (pb.known(at(name, i)) ? pb.bounds(at(name, i), at(`${name}.lower`, i), at(`${name}.upper`, i)) : "–"),
  });
  const arm = (name) => ({
    name: `mean.${name}`,
    title: pb.arm(name),
    sort: `mean.${name}`,
    number: true,
    hidden: !["finetune", "scratch_e", "scratch_b"].includes(name),
    cell: (i) => accuracy(at(`mean.${name}`, i), at(`std.${name}`, i)),
  });
  const arms = Object.keys(lines.columns)
    .filter((name) => name.startsWith("mean."))
    .map((name) => name.slice(5));
  return [
    { name: "row", title: "Row", sort: "row", className: "row-name", cell: (i) => rowLink(lines, group, i) },
    named("dataset", "Dataset"),
    named("network", "Network"),
    {
      name: "method",
      title: "Method",
      sort: "method",
      cell: (i) => methodLink(at("method", i), at("method_used", i), at("method_file", i)),
    },
    plain("ratio", "Ratio", pb.ratio, { hidden: true }),
    plain("flops", "FLOPs left", (value) => (pb.known(value) ? `${pb.fixed(value, 0)} %` : "–")),
    plain("parameters", "Parameters left", (value) => (pb.known(value) ? `${pb.fixed(value, 0)} %` : "–"), {
      hidden: true,
    }),
    ...pb.inOrder(arms).map(arm),
    interval("weight", "Weight value"),
    interval("architecture", "Architecture value"),
    { name: "state", title: "Verdict", sort: "state", cell: (i) => verdict(at("state", i), at("relation", i)) },
    {
      name: "seeds",
      title: "Seeds",
      sort: "done",
      number: true,
      cell: (i) => pb.seeds(at("done", i), at("planned", i)),
    },
    plain("n", "n per side", (value) => value ?? "–", { hidden: true }),
    plain("paper.finetune", "Paper: fine-tuned", (value) => pb.fixed(value), { hidden: true, paper: true }),
    plain("paper.scratch_b", "Paper: Scratch-B", (value) => pb.fixed(value), { hidden: true, paper: true }),
    plain("seconds", "Cost", pb.time),
    { name: "hardware", title: "Hardware", sort: "hardware", className: "wide", cell: (i) => at("hardware", i) || "–" },
    { name: "claims", title: "Claims", sort: "claims", hidden: true, cell: (i) => at("claims", i) || "–" },
  ];
};

function rowLink(lines, group, i) {
  const row = pb.cell(lines, "row", i);
  const parts = row.split(".").flatMap((part, k) => (k ? [".", pb.h("wbr"), part] : [part]));
  const file = pb.cell(lines, "file", i) ?? row;
  const flags = (pb.cell(lines, "flags", i) ?? "").split(" ").filter(Boolean);
  const notes = [
    pb.cell(lines, "twin", i) ? pb.h("small", {}, "shares its runs") : null,
    ...flags.map((flag) => pb.h("span", { class: "flag" }, flag)),
  ];
  return [pb.h("a", { href: pb.address("rows", group.key, `${file}.html`) }, parts), ...notes];
}

function methodLink(name, used, file) {
  const [, ...rest] = pb.subject(name, used);
  return [pb.h("a", { href: pb.address("methods", `${file ?? name}.html`) }, name), ...rest];
}

function accuracy(mean, std) {
  if (!pb.known(mean)) return "–";
  return pb.h(
    "span",
    { class: "nowrap" },
    pb.fixed(mean),
    pb.known(std) ? pb.h("span", { class: "std" }, ` ± ${pb.fixed(std)}`) : "",
  );
}

function verdict(state, relation) {
  if (!state) return "–";
  const usual = relation.startsWith("scratch_b") && relation.includes("finetune");
  return [pb.badge(state), usual ? null : pb.h("small", {}, pb.words(relation))];
}

/** The table of rows with its filters, in `host`; `fixed` are filters that the page itself sets, such as a method. */
pb.rowTable = (host, lines, view, group, fixed = {}, withTier = true) => {
  const filters = pb.ROW_FILTERS.filter(({ name }) => !(name in fixed));
  const changed = pb.changer(fixed);
  const place = pb.h("div", { class: "table" });
  host.replaceChildren(pb.filterBar(lines, filters, view, changed, withTier), ...pb.notice(group.notice), place);
  const options = {
    label: `Rows of tier ${group.tier}`,
    kind: "rows",
    searched: pb.ROW_SEARCH,
    filters: pb.ROW_FILTERS,
  };
  return pb.table(
    place,
    lines,
    pb.rowColumns(lines, group).filter(({ name }) => !(name in fixed)),
    { ...options, view: { ...view, ...fixed }, changed, file: `${group.key}.csv` },
  );
};

// The main table: every method at comparable FLOPs.
"use strict";

const USUAL_ARMS = ["finetune", "scratch_e", "scratch_b"];
const TRUNK = ["dense", "sparse", "pruned"];

/** Columns of the table of rows; those are shown at first that the lines with what is `fixed` have something in. */
pb.rowColumns = (lines, group, fixed = {}) => {
  const at = (name, i) => pb.cell(lines, name, i);
  const shown = pb.rowsOf(lines, fixed, Array(lines.count).keys());
  const has = (name) => shown.some((i) => pb.known(at(name, i)));
  const first = USUAL_ARMS.some((name) => has(`mean.${name}`))
    ? (name) => USUAL_ARMS.includes(name)
    : (name) => has(`mean.${name}`) && !TRUNK.includes(name);
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
    hidden: shown.length > 0 && !has(name),
    cell: (i) => (pb.known(at(name, i)) ? pb.bounds(at(name, i), at(`${name}.lower`, i), at(`${name}.upper`, i)) : "–"),
  });
  const arm = (name) => ({
    name: `mean.${name}`,
    title: pb.arm(name),
    sort: `mean.${name}`,
    number: true,
    hidden: !first(name),
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
    { name: "state", title: "Verdict", sort: "state", cell: (i) => verdict(lines, i) },
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

function verdict(lines, i) {
  const at = (name) => pb.cell(lines, name, i);
  if (!at("state")) return "–";
  const usual = at("relation").startsWith("scratch_b") && at("relation").includes("finetune");
  const bounds = pb.known(at("verdict")) ? pb.bounds(at("verdict"), at("verdict.lower"), at("verdict.upper")) : null;
  const told = usual ? [] : [pb.words(at("relation")), bounds].filter(Boolean);
  return [pb.badge(at("state")), ...told.map((part) => pb.h("small", {}, part))];
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
    pb.rowColumns(lines, group, fixed).filter(({ name }) => !(name in fixed)),
    { ...options, view: { ...view, ...fixed }, changed, file: `${group.key}.csv` },
  );
};

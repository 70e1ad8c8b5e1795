// The table of all rows: filters above it, and the view in the hash.
"use strict";

const BANDS = [0, 20, 40, 60, 80].map((low) => [`${low}-${low === 80 ? 101 : low + 20}`, `${low} to ${low + 20} %`]);
const FILTERS = [
  { name: "dataset", label: "Dataset" },
  { name: "network", label: "Network" },
  { name: "method", label: "Method" },
  { name: "flops", label: "FLOPs left", bands: true },
  { name: "claims", label: "Claim", words: true },
  { name: "finding", label: "Found" },
  { name: "state", label: "Verdict" },
];
const SEARCHED = ["row", "treated", "dataset", "network", "stands", "method", "state", "finding", "claims", "flags"];
const MOST_CHOICES = 300;
const USUAL = ["finetune", "scratch_e", "scratch_b"];
const NAMES = { finetune: "Fine-tuned", scratch_e: "Scratch-E", scratch_b: "Scratch-B", dense: "Dense" };

const host = document.getElementById("view");
const loaded = {};

function groupOf(view) {
  const fullest = (most, group) => (group.size > most.size ? group : most);
  return pb.site.groups.find((group) => group.key === view.group) ?? pb.site.groups.reduce(fullest);
}

function choices(lines, { name, bands, words }) {
  if (bands) return BANDS;
  const values = new Set(lines.columns[name] ?? []);
  const all = words ? new Set([...values].flatMap((value) => (value ?? "").split(" "))) : values;
  const sorted = [...all].filter(Boolean).sort(new Intl.Collator("en", { numeric: true }).compare);
  return sorted.slice(0, MOST_CHOICES).map((value) => [value, value]);
}

function bar(lines, view, group) {
  const set = (name) => (value) => change({ ...pb.readView(), [name]: value, page: "" });
  const groups = pb.site.groups.filter(({ size }) => size).map((one) => [one.key, pb.groupName(one)]);
  const tier = pb.select("Setting", group.key, groups, (key) => change({ group: key }));
  const rest = FILTERS.map((filter) =>
    pb.select(filter.label, view[filter.name] ?? "", [["", "all"], ...choices(lines, filter)], set(filter.name)),
  );
  const onsubmit = (event) => event.preventDefault();
  return pb.h("form", { class: "filters", role: "search", "aria-label": "Filters", onsubmit }, tier, rest);
}

function change(view, drawn) {
  pb.writeView(view);
  if (!drawn) dispatchEvent(new Event("hashchange"));
}

/** The columns of the table; those are shown at first that the lines have something in. */
function columns(lines, group) {
  const at = (name, i) => pb.cell(lines, name, i);
  const has = (name) => (lines.columns[name] ?? []).some(pb.known);
  const plain = (name, title, text, more = {}) => {
    return { name, title, sort: name, number: true, cell: (i) => text(at(name, i)), ...more };
  };
  const percent = (value) => (pb.known(value) ? `${pb.fixed(value, 0)} %` : "–");
  const interval = (name, i) =>
    pb.known(at(name, i)) ? pb.bounds(at(name, i), at(`${name}.lower`, i), at(`${name}.upper`, i)) : "–";
  const arms = Object.keys(lines.columns).filter((name) => name.startsWith("mean.")).map((name) => name.slice(5));
  const known = USUAL.some((name) => has(`mean.${name}`)) ? USUAL : arms.filter((name) => !TRUNK.includes(name));
  const architecture = (i) => (at("same", i) ? "same widths as uniform" : interval("architecture", i));
  return [
    { name: "row", title: "What was trained", sort: "network", className: "row-name", cell: (i) => trained(lines, group, i) },
    { name: "method", title: "Method", sort: "method", cell: (i) => method(at("method", i), at("method_file", i)) },
    plain("flops", "FLOPs left", percent),
    plain("parameters", "Parameters left", percent, { hidden: true }),
    ...arms.map((name) => accuracy(lines, name, !known.includes(name))),
    { name: "gap", title: "Scratch-B − fine-tuned", sort: "gap", number: true, hidden: !has("gap"), cell: (i) => interval("gap", i) },
    { name: "architecture", title: "Architecture value", sort: "architecture", number: true, cell: architecture,
      hidden: !has("architecture") && !has("same") },
    { name: "finding", title: "Found", sort: "finding", cell: (i) => found(lines, i) },
    { name: "state", title: "Verdict", sort: "state", hidden: true, cell: (i) => badge(at("state", i), "badge") },
    { name: "seeds", title: "Seeds", sort: "done", number: true, cell: (i) => seeds(at("done", i), at("planned", i)) },
    plain("margin", "Margin", (value) => pb.fixed(value), { hidden: true }),
    plain("ratio", "Ratio", (value) => (value ? `${value} %` : "predefined"), { hidden: true }),
    plain("paper.finetune", "Paper: fine-tuned", (value) => pb.fixed(value), { hidden: true }),
    plain("paper.scratch_b", "Paper: Scratch-B", (value) => pb.fixed(value), { hidden: true }),
    plain("seconds", "Seconds", (value) => pb.fixed(value, 0), { hidden: true }),
    { name: "hardware", title: "Hardware", sort: "hardware", hidden: true, cell: (i) => at("hardware", i) || "–" },
    { name: "claims", title: "Claims", sort: "claims", hidden: true, cell: (i) => at("claims", i) || "–" },
    { name: "id", title: "Row", sort: "row", hidden: true, cell: (i) => at("row", i) },
  ];
}

const TRUNK = ["dense", "sparse", "pruned"];

function accuracy(lines, arm, hidden) {
  const [mean, std] = [`mean.${arm}`, `std.${arm}`];
  const title = NAMES[arm] ?? arm.replaceAll("_", " ");
  const cell = (i) => {
    const spread = pb.cell(lines, std, i);
    const rest = pb.known(spread) ? pb.h("span", { class: "std" }, ` ± ${pb.fixed(spread)}`) : null;
    return pb.h("span", { class: "nowrap" }, pb.fixed(pb.cell(lines, mean, i)), rest);
  };
  return { name: mean, title, sort: mean, number: true, hidden, cell };
}

function trained(lines, group, i) {
  const at = (name) => pb.cell(lines, name, i);
  const stands = at("stands") ? `, for ${at("stands")}` : "";
  const flags = (at("flags") ?? "").split(" ").filter(Boolean);
  const small = pb.h("small", {}, `${at("treated")}${stands}${at("twin") ? "; shares its runs" : ""}`);
  return [pb.rowLink(lines, group, i), ...flags.map((flag) => pb.h("span", { class: "flag" }, flag)), small];
}

function method(name, file) {
  return pb.h("a", { href: pb.address("methods", `${file ?? name}.html`) }, name);
}

function badge(text, kind) {
  return text ? pb.h("span", { class: `${kind} ${text}` }, text) : "–";
}

function found(lines, i) {
  const at = (name) => pb.cell(lines, name, i);
  const told = at("relation") && !pb.known(at("gap")) ? pb.h("small", {}, at("relation").replaceAll("_", " ")) : null;
  return [at("finding") ? badge(at("finding"), "found") : badge(at("state"), "badge"), told];
}

function seeds(done, planned) {
  return done < planned ? pb.h("span", { class: "partial" }, `${done} of ${planned} seeds`) : `${done}`;
}

async function refresh() {
  const group = groupOf(pb.readView());
  const view = { ...pb.readView(), group: group.key }; // so that a link stays true when other groups come
  host.setAttribute("aria-busy", "true");
  const lines = await (loaded[group.key] ??= pb.lines(group));
  const focused = document.activeElement?.name;
  const place = pb.h("div");
  const notice = group.notice ? pb.h("p", { class: "notice", role: "note" }, group.notice) : "";
  host.replaceChildren(bar(lines, view, group), notice, place);
  const label = `Rows of setting ${pb.groupName(group)}`;
  const options = { label, searched: SEARCHED, filters: FILTERS, view, changed: change, file: `${group.key}.csv` };
  pb.table(place, lines, columns(lines, group), options);
  if (focused) host.querySelector(`[name="${CSS.escape(focused)}"]`)?.focus();
  host.removeAttribute("aria-busy");
}

addEventListener("hashchange", refresh);
refresh();

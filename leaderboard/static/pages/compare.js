// Two methods side by side: rows of the same network, data and setting with nearly as many FLOPs, seeds paired.
"use strict";

/** Student's 95 % quantiles by degrees of freedom, 1 to 30; beyond, the normal distribution's. */
const STUDENT = [
  6.314, 2.92, 2.353, 2.132, 2.015, 1.943, 1.895, 1.86, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753, 1.746, 1.74, 1.734,
  1.729, 1.725, 1.721, 1.717, 1.714, 1.711, 1.708, 1.706, 1.703, 1.701, 1.699, 1.697,
];
const FLOPS = 5;
const ARMS = [
  ["finetune", "Fine-tuned"],
  ["scratch_b", "Scratch-B"],
];
const host = document.getElementById("view");
const loaded = {};

/** Mean difference of paired seeds with its one-sided 95 % bounds; no bounds for a single pair. */
function paired(first, second) {
  const n = Math.min(first.length, second.length);
  const gaps = Array.from({ length: n }, (_, i) => first[i] - second[i]);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / n;
  if (n < 2) return { n, mean };
  const std = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / (n - 1));
  const half = ((STUDENT[n - 2] ?? 1.645) * std) / Math.sqrt(n);
  return { n, mean, lower: mean - half, upper: mean + half };
}

/** Pairs of rows that can be compared. */
function pairs(lines, a, b) {
  const at = (name, i) => pb.cell(lines, name, i);
  const rows = Array.from({ length: lines.count }, (_, i) => i);
  const own = (method) => rows.filter((i) => at("method", i) === method && pb.known(at("flops", i)));
  const same = ["network", "dataset", "stands"];
  const near = (i, j) =>
    same.every((name) => at(name, i) === at(name, j)) && Math.abs(at("flops", i) - at("flops", j)) <= FLOPS;
  const others = own(b);
  return own(a).flatMap((i) => others.filter((j) => near(i, j)).map((j) => [i, j]));
}

function compared(lines, group, [i, j]) {
  const seeds = (arm, k) => (pb.cell(lines, `each.${arm}`, k) ?? "").split(" ").filter(Boolean).map(Number);
  const cells = ARMS.map(([arm]) => {
    const [first, second] = [seeds(arm, i), seeds(arm, j)];
    return first.length && second.length ? paired(first, second) : null;
  });
  const links = [i, j].map((k) => [pb.rowLink(lines, group, k), pb.h("small", {}, pb.cell(lines, "treated", k))]);
  return { group, i, j, links, cells, flops: [i, j].map((k) => pb.cell(lines, "flops", k)), lines };
}

function row({ group, links, cells, flops }) {
  const number = (found) => {
    if (!found) return "–";
    if (!pb.known(found.lower)) return [pb.signed(found.mean), pb.h("small", {}, "one seed")];
    const none = found.lower === found.upper && found.mean === 0;
    return none ? "the same, seed by seed" : [pb.bounds(found.mean, found.lower, found.upper), pb.h("small", {}, `${found.n} seeds`)];
  };
  return pb.h(
    "tr",
    {},
    pb.h("td", {}, pb.h("span", { class: "tier" }, pb.groupName(group))),
    links.map((link) => pb.h("td", {}, link)),
    pb.h("td", { class: "number" }, flops.map((value) => `${pb.fixed(value, 0)} %`).join(" and ")),
    cells.map((found) => pb.h("td", { class: "number" }, number(found))),
  );
}

function csv(found) {
  const head = ["setting", "row_a", "row_b", "flops_a", "flops_b"];
  const arms = ARMS.flatMap(([arm]) => [`${arm}.n`, `${arm}.a_minus_b`, `${arm}.lower`, `${arm}.upper`]);
  const line = ({ group, i, j, cells, flops, lines }) => [
    group.key,
    pb.cell(lines, "row", i),
    pb.cell(lines, "row", j),
    ...flops,
    ...cells.flatMap((one) => (one ? [one.n, one.mean, one.lower, one.upper] : [null, null, null, null])),
  ];
  return pb.csv([[...head, ...arms], ...found.map(line)]);
}

async function refresh() {
  const view = pb.readView();
  host.setAttribute("aria-busy", "true");
  const groups = pb.site.groups.filter(({ size }) => size);
  const all = await Promise.all(groups.map(async (group) => [group, await (loaded[group.key] ??= pb.lines(group))]));
  const methods = [...new Set(all.flatMap(([, lines]) => lines.columns.method ?? []))].sort();
  const a = view.a ?? methods[0];
  const b = view.b ?? (methods.includes("uniform") ? "uniform" : methods.at(-1));
  const options = methods.map((name) => [name, name]);
  const change = (name) => (value) => {
    pb.writeView({ a, b, [name]: value });
    refresh();
  };
  const found = all.flatMap(([group, lines]) => pairs(lines, a, b).map((pair) => compared(lines, group, pair)));
  const onsubmit = (event) => event.preventDefault();
  const form = pb.h(
    "form",
    { class: "filters", role: "search", "aria-label": "Methods", onsubmit },
    pb.select("Method A", a, options, change("a")),
    pb.select("Method B", b, options, change("b")),
  );
  host.replaceChildren(form, ...(found.length ? table(a, b, found) : [pb.h("p", {}, `No row of ${a} can be compared with one of ${b}.`)]));
  host.removeAttribute("aria-busy");
}

function table(a, b, found) {
  const titles = ["Setting", a, b, "FLOPs left", ...ARMS.map(([, title]) => `${title}: ${a} − ${b}`)];
  const head = pb.h("tr", {}, titles.map((title, i) => pb.h("th", { scope: "col", class: i > 2 ? "number" : "" }, title)));
  const body = pb.h("tbody", {}, found.map(row));
  const element = pb.h("table", { class: "rows" }, pb.h("thead", {}, head), body);
  const onclick = () => pb.download(`${a}-${b}.csv`, csv(found), "text/csv");
  return [
    pb.h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${a} and ${b}` }, element),
    pb.h(
      "div",
      { class: "controls" },
      pb.h("button", { type: "button", onclick }, "CSV"),
      pb.h("a", { href: location.hash || `#${new URLSearchParams({ a, b })}` }, "link to this comparison"),
      pb.h("a", { href: "data.html#cite" }, "cite"),
    ),
    pb.h("p", { class: "aside" }, "Points of accuracy over paired seeds, with one-sided 95 % bounds (Student's t)."),
  ];
}

addEventListener("hashchange", refresh);
refresh();

// What is shown, and its address: tier and protocol, filters, search, order and columns all live in the URL's hash.
"use strict";

pb.BANDS = [
  [0, 20],
  [20, 40],
  [40, 60],
  [60, 80],
  [80, 101],
];

/** The filters of a table of rows: label, column, and how a chosen value is matched. */
pb.ROW_FILTERS = [
  { name: "dataset", label: "Dataset" },
  { name: "network", label: "Network" },
  { name: "method", label: "Method" },
  { name: "flops", label: "FLOPs left", bands: true },
  { name: "claims", label: "Claim", words: true },
  { name: "state", label: "Verdict" },
];
pb.ROW_SEARCH = [
  "row",
  "table",
  "dataset",
  "dataset_used",
  "network",
  "network_used",
  "method",
  "method_used",
  "state",
  "claims",
  "flags",
];

/** Read the view from the hash. */
pb.readView = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

/** Write the view to the hash, and to the links that keep it. */
pb.writeView = (view) => {
  const set = Object.entries(view).filter(([, value]) => value !== "" && pb.known(value));
  const hash = `#${new URLSearchParams(set)}`;
  if (hash !== (location.hash || "#")) history.replaceState(null, "", hash);
  document.querySelectorAll("a.same-view").forEach((link) => (link.href = link.dataset.page + hash));
};

/** What a table or bar calls with a new view: its address is written and, unless it is drawn already, it is shown. */
pb.changer =
  (fixed = {}) =>
  (view, drawn) => {
    pb.writeView(Object.fromEntries(Object.entries(view).filter(([name]) => !(name in fixed))));
    if (!drawn) dispatchEvent(new Event("hashchange"));
  };

/** The group that a view names, else the one that this page is about, else the one with the most rows. */
pb.groupOf = (view) => {
  const named = (key) => pb.site.groups.find((group) => group.key === key);
  const fullest = (most, group) => (group.size > most.size ? group : most);
  return named(view.group) ?? named(pb.home) ?? pb.site.groups.reduce(fullest);
};

/** Tests of single lines for what a view has chosen. */
pb.tests = (lines, filters, view) =>
  filters
    .filter(({ name }) => view[name])
    .map(({ name, bands, words }) => {
      const values = lines.columns[name] ?? [];
      const chosen = view[name];
      if (bands) {
        const [low, high] = chosen.split("-").map(Number);
        return (i) => pb.known(values[i]) && values[i] >= low && values[i] < high;
      }
      return words ? (i) => (values[i] ?? "").split(" ").includes(chosen) : (i) => values[i] === chosen;
    });

/** Indices of the rows that a view leaves, in the order of their names unless another is given. */
pb.rowsOf = (lines, view, order = pb.ordered(lines, "row", 1)) =>
  pb.matching(lines, order, pb.tests(lines, pb.ROW_FILTERS, view), view.search ?? "", pb.ROW_SEARCH);

const MOST_CHOICES = 300;

function choices(lines, { name, bands, words }) {
  if (bands) return pb.BANDS.map(([low, high]) => [`${low}-${high}`, `${low} to ${Math.min(high, 100)} %`]);
  const values = new Set(lines.columns[name] ?? []);
  const all = words ? new Set([...values].flatMap((value) => (value ?? "").split(" "))) : values;
  const sorted = [...all].filter(Boolean).sort(new Intl.Collator("en", { numeric: true }).compare);
  return sorted.slice(0, MOST_CHOICES).map((value) => [value, value]);
}

function select(label, chosen, options, change) {
  const known = options.some(([value]) => value === chosen);
  const all = known || !chosen ? options : [...options, [chosen, chosen]];
  const entries = all.map(([value, text]) => pb.h("option", { value, selected: value === chosen }, text));
  return pb.h(
    "label",
    {},
    pb.h("span", {}, label),
    pb.h("select", { name: label, onchange: (event) => change(event.target.value) }, entries),
  );
}

/** The bar of filters, with the choice of the tier unless it stands elsewhere; `changed(view)` is told what was chosen. */
pb.filterBar = (lines, filters, view, changed, withTier = true) => {
  const set = (name) => (value) => changed({ ...view, [name]: value, page: "" });
  const groups = pb.site.groups.map((group) => [
    group.key,
    group.tier + (group.key.includes("~") ? `, protocol ${group.protocol}` : ""),
  ]);
  const tier = select("Tier", pb.groupOf(view).key, groups, (group) => changed({ group }));
  const rest = filters.map((filter) =>
    select(filter.label, view[filter.name] ?? "", [["", "all"], ...choices(lines, filter)], set(filter.name)),
  );
  return pb.h(
    "form",
    { class: "filters", role: "search", "aria-label": "Filters", onsubmit: (event) => event.preventDefault() },
    withTier ? tier : null,
    rest,
  );
};

/** Keep a page in step with the hash: load the group's lines, then show(lines, view, group); again after each change. */
pb.follow = (table, host, show) => {
  const loaded = {};
  const refresh = async () => {
    const group = pb.groupOf(pb.readView());
    const view = { ...pb.readView(), group: group.key }; // so that a link stays true when other groups come
    host.setAttribute("aria-busy", "true");
    const lines = await (loaded[group.key] ??= pb.lines(table, group));
    const focused = document.activeElement?.name;
    show(lines, view, group);
    if (focused) host.querySelector(`[name="${focused}"]`)?.focus();
    host.removeAttribute("aria-busy");
  };
  addEventListener("hashchange", refresh);
  return refresh();
};

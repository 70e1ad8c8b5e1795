// The tables: DataTables draws and pages, and asks the few lines below for the part that is in sight.
"use strict";

/** Indices of the lines that pass every test and have every word of `text` in one of the named columns. */
function matching(lines, order, tests, text, searched) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length && !lines.haystack) lines.haystack = haystack(lines, searched);
  const passes = (i) => tests.every((test) => test(i)) && words.every((word) => lines.haystack[i].includes(word));
  return order.filter(passes);
}

function haystack(lines, searched) {
  const columns = searched.map((name) => lines.columns[name]).filter(Boolean);
  const text = (i) => columns.map((column) => column[i] ?? "").join(" ");
  return Array.from({ length: lines.count }, (_, i) => text(i).toLowerCase());
}

/** Indices of all lines in the order of a column, lines without a value last; `sign` is 1 or -1. */
function ordered(lines, name, sign) {
  const order = Array.from({ length: lines.count }, (_, i) => i);
  const values = lines.columns[name];
  if (!values) return order;
  const ranks = values.some((value) => typeof value === "string") ? textRanks(values) : values;
  return order.sort((i, j) => {
    const [a, b] = [ranks[i], ranks[j]];
    if (a === null || b === null) return (a === null) - (b === null) || i - j;
    return sign * (a - b) || i - j;
  });
}

function textRanks(values) {
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const distinct = [...new Set(values)].filter((value) => value !== null).map(String);
  const ranks = new Map(distinct.sort(compare).map((value, rank) => [value, rank]));
  return values.map((value) => (value === null ? null : ranks.get(String(value))));
}

/** Tests of single lines for what a view has chosen. */
function tests(lines, filters, view) {
  return filters
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
}

/**
 * A table of lines that sorts, searches, pages and lets columns be chosen.
 *
 * columns: {name, title, cell(i) -> text or nodes, sort: a column of the lines, number, hidden, className}
 * options: {label, searched, filters, view, changed(view), file}
 */
pb.table = (host, lines, columns, options) => {
  const { view, changed } = options;
  const usual = columns.filter((column) => !column.hidden).map((column) => column.name);
  const shown = view.columns ? view.columns.split(" ") : [...usual];
  const passed = tests(lines, options.filters, view);
  const sorted = {};
  let found = [];
  let text = view.search ?? "";
  const find = (order) => {
    const key = order ? `${columns[order.column].name}.${order.dir}` : "";
    sorted[key] ??= ordered(lines, order && columns[order.column].sort, order?.dir === "desc" ? -1 : 1);
    found = matching(lines, sorted[key], passed, text, options.searched);
    return key;
  };
  // The heads stand in the page as text nodes: DataTables reads a title that it is given as HTML.
  const heads = pb.h("thead", {}, pb.h("tr", {}, columns.map((column) => pb.h("th", {}, column.title))));
  const element = pb.h("table", { class: "rows" }, pb.h("caption", {}, options.label), heads);
  const box = pb.h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": options.label }, element);
  const count = pb.h("output", { class: "found-count" });
  host.replaceChildren(controls(), box);

  const length = lines.count > 500 ? 25 : 50; // drawing is most of what a search costs
  const [name, direction] = (view.sort ?? "").split(".");
  const start = columns.findIndex((column) => column.name === name);
  const table = new DataTable(element, {
    serverSide: true,
    ajax: (request, answer) => {
      const key = find(request.order[0]);
      const part = found.slice(request.start, request.start + request.length);
      count.textContent = `${pb.count(found.length)} of ${pb.count(lines.count)}`;
      const data = part.map((i) => ({ i }));
      answer({ draw: request.draw, recordsTotal: lines.count, recordsFiltered: found.length, data });
      const page = request.start ? request.start / length + 1 : "";
      changed({ ...view, search: text, sort: key, page, columns: chosen() }, true);
    },
    columns: columns.map((column) => ({
      className: [column.number ? "number" : "", column.className ?? ""].join(" ").trim(),
      orderable: Boolean(column.sort),
      visible: shown.includes(column.name),
      data: null,
      defaultContent: "",
      orderSequence: column.number ? ["desc", "asc", ""] : ["asc", "desc", ""],
      createdCell: (cell, _, { i }) => cell.replaceChildren(...[column.cell(i)].flat().filter(pb.known)),
    })),
    pageLength: length,
    displayStart: ((Number(view.page) || 1) - 1) * length,
    order: start < 0 ? [] : [[start, direction === "desc" ? "desc" : "asc"]],
    autoWidth: false,
    processing: false,
    layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: lines.count > length ? "paging" : null },
    language: { emptyTable: "Nothing here matches.", zeroRecords: "Nothing here matches." },
  });
  // So that the first search is as quick as the next.
  setTimeout(() => (lines.haystack ??= haystack(lines, options.searched)), 200);
  return table;

  function chosen() {
    const visible = columns.filter((column) => shown.includes(column.name)).map((column) => column.name);
    return visible.join() === usual.join() ? "" : visible.join(" ");
  }

  function controls() {
    const oninput = (event) => seek(event.target.value);
    const labels = { type: "search", value: text, placeholder: "Search", "aria-label": "Search" };
    const boxes = columns.map((column, k) => {
      const onchange = (event) => toggle(column, k, event.target.checked);
      const box = pb.h("input", { type: "checkbox", checked: shown.includes(column.name), onchange });
      return pb.h("label", {}, box, ` ${column.title}`);
    });
    const menu = pb.h("details", { class: "columns-menu" }, pb.h("summary", {}, "Columns"), pb.h("div", {}, boxes));
    const onclick = () => pb.download(options.file, asCsv(), "text/csv");
    const save = pb.h("button", { type: "button", onclick }, "CSV");
    const link = pb.h("a", { class: "same-view", "data-page": "", href: location.hash }, "link to this view");
    return pb.h("div", { class: "controls" }, pb.h("input", { ...labels, oninput }), menu, save, link, count);
  }

  function seek(value) {
    text = value;
    table.page(0).draw();
  }

  function toggle(column, k, visible) {
    if (visible) shown.push(column.name);
    else shown.splice(shown.indexOf(column.name), 1);
    table.column(k).visible(visible);
    changed({ ...pb.readView(), columns: chosen() }, true);
  }

  function asCsv() {
    const names = Object.keys(lines.columns).filter((name) => name !== "file" && name !== "twin");
    return pb.csv([names, ...found.map((i) => names.map((name) => pb.cell(lines, name, i)))]);
  }
};

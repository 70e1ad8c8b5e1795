// The tables: DataTables draws and pages, and asks the few lines below for the part that is in sight.
"use strict";

/**
 * A table of lines that sorts, searches, pages and lets columns be chosen.
 *
 * columns: {name, title, cell(i) -> text or nodes, sort: a column of the lines, number, hidden, paper}
 * options: {label, searched, filters, view, changed(view), file, length}
 */
pb.table = (host, lines, columns, options) => {
  const { view, changed } = options;
  const shown = view.columns
    ? view.columns.split(" ")
    : columns.filter((column) => !column.hidden).map((column) => column.name);
  const tests = pb.tests(lines, options.filters, view);
  const sorted = {};
  let found = [];
  let text = view.search ?? "";
  const find = (order) => {
    const key = order ? `${columns[order.column].name}.${order.dir}` : "";
    sorted[key] ??= pb.ordered(lines, order && columns[order.column].sort, order?.dir === "desc" ? -1 : 1);
    found = pb.matching(lines, sorted[key], tests, text, options.searched);
    return key;
  };
  const element = pb.h("table", { class: options.kind }, pb.h("caption", {}, options.label));
  const box = pb.h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": options.label }, element);
  const count = pb.h("output", { class: "found" });
  host.replaceChildren(controls(), box);

  const length = options.length ?? (lines.count > 1000 ? 25 : 50); // drawing is most of what a search costs
  const [name, direction] = (view.sort ?? "").split(".");
  const start = columns.findIndex((column) => column.name === name);
  const table = new DataTable(element, {
    serverSide: true,
    ajax: (request, answer) => {
      const key = find(request.order[0]);
      const part = found.slice(request.start, request.start + request.length);
      count.textContent = `${pb.count(found.length)} of ${pb.count(lines.count)}`;
      answer({
        draw: request.draw,
        recordsTotal: lines.count,
        recordsFiltered: found.length,
        data: part.map((i) => ({ i })),
      });
      changed(
        { ...view, search: text, sort: key, page: request.start ? request.start / length + 1 : "", columns: chosen() },
        true,
      );
    },
    columns: columns.map((column) => ({
      title: column.title,
      className: [column.number ? "number" : "", column.paper ? "paper" : "", column.className ?? ""].join(" ").trim(),
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
  setTimeout(() => (lines.haystack ??= pb.haystack(lines, options.searched)), 200);
  return table;

  function chosen() {
    const visible = columns.filter((column) => shown.includes(column.name)).map((column) => column.name);
    const usual = columns.filter((column) => !column.hidden).map((column) => column.name);
    return visible.join() === usual.join() ? "" : visible.join(" ");
  }

  function controls() {
    const search = pb.h("input", {
      type: "search",
      value: text,
      placeholder: "Search",
      "aria-label": "Search",
      oninput: (event) => seek(event.target.value),
    });
    const boxes = columns.map((column, k) => {
      const box = pb.h("input", {
        type: "checkbox",
        checked: shown.includes(column.name),
        onchange: (event) => toggle(column, k, event.target.checked),
      });
      return pb.h("label", {}, box, ` ${column.title}`);
    });
    const menu = pb.h("details", { class: "columns-menu" }, pb.h("summary", {}, "Columns"), pb.h("div", {}, boxes));
    const save = pb.h(
      "button",
      { type: "button", onclick: () => pb.download(options.file, asCsv(), "text/csv") },
      "CSV",
    );
    const link = pb.h("a", { class: "same-view", "data-page": "", href: location.hash }, "link to this view");
    return pb.h("div", { class: "controls" }, search, menu, save, link, count);
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

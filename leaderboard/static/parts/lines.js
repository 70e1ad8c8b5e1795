// Elements, numbers and lines of tables. Whatever comes from a record becomes a text node: nothing is parsed as HTML.
"use strict";

const pb = { root: document.documentElement.dataset.root, parts: {} };

/** Make an element; attributes named on… listen, null children are left out, others that are no nodes become text. */
pb.h = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => pb.known(child) && child !== ""));
  return element;
};

pb.known = (value) => value !== null && value !== undefined;
pb.fixed = (value, digits = 2) => (pb.known(value) ? value.toFixed(digits) : "–");
pb.count = (value) => value.toLocaleString("en-US");

/** A number with its sign, a real minus; what rounds to zero has none. */
pb.signed = (value, digits = 2) => {
  const text = Math.abs(value).toFixed(digits);
  return (+text === 0 ? "" : value < 0 ? "−" : "+") + text;
};

pb.bounds = (value, lower, upper) => {
  const clear = lower > 0 ? " gain" : upper < 0 ? " loss" : "";
  const bounds = pb.h("span", { class: "bounds" }, ` [${pb.signed(lower)}, ${pb.signed(upper)}]`);
  return pb.h("span", { class: `interval${clear}` }, pb.h("b", {}, pb.signed(value)), bounds);
};

pb.address = (...parts) => pb.root + parts.map((part) => part.split("/").map(encodeURIComponent).join("/")).join("/");

/** Read the view from the hash. */
pb.readView = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

/** Write the view to the hash, and to the links that keep it. */
pb.writeView = (view) => {
  const set = Object.entries(view).filter(([, value]) => value !== "" && pb.known(value));
  const hash = `#${new URLSearchParams(set)}`;
  if (hash !== (location.hash || "#")) history.replaceState(null, "", hash);
  document.querySelectorAll("a.same-view").forEach((link) => (link.href = link.dataset.page + hash));
};

/** A list of choices; `options` are [value, text], a chosen value that is none of them is added. */
pb.select = (label, chosen, options, change) => {
  const known = options.some(([value]) => value === chosen);
  const all = known || !chosen ? options : [...options, [chosen, chosen]];
  const entries = all.map(([value, text]) => pb.h("option", { value, selected: value === chosen }, text));
  const select = pb.h("select", { name: label, onchange: (event) => change(event.target.value) }, entries);
  return pb.h("label", {}, pb.h("span", {}, label), select);
};

/** Hand a text to the reader as a file. */
pb.download = (name, text, type) => {
  const link = pb.h("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

/** Cells -> CSV; a text that a spreadsheet would take for a formula gets an apostrophe. */
pb.csv = (rows) => {
  const cell = (value) => {
    if (!pb.known(value)) return "";
    const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : `${value}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => row.map(cell).join(",") + "\r\n").join("");
};

pb.groupName = (group) => group.tier + (group.key.includes("~") ? `, protocol ${group.protocol}` : "");

/** Files of data call this. */
pb.add = (key, index, part) => ((pb.parts[key] ??= [])[index] = part);

function script(address) {
  return new Promise((resolve, reject) => {
    const onerror = () => reject(new Error(`${address} cannot be read`));
    document.head.append(pb.h("script", { src: address, onload: resolve, onerror }));
  });
}

/** All lines of the rows of a group: {count, columns: {name: values}}; kept as columns, in files of a few megabytes. */
pb.lines = async (group) => {
  await Promise.all(group.rows.map((file) => script(pb.address("data", "rows", file))));
  return join(pb.parts[`rows/${group.key}`] ?? []);
};

function join(parts) {
  const lines = { count: 0, columns: {} };
  for (const { count, columns } of parts) {
    for (const [name, column] of Object.entries(columns)) {
      const values = (lines.columns[name] ??= new Array(lines.count).fill(null));
      const all = Array.isArray(column) ? column : column.at.map((place) => column.of[place]);
      for (const value of all) values.push(value);
    }
    lines.count += count;
    for (const values of Object.values(lines.columns)) while (values.length < lines.count) values.push(null);
  }
  return lines;
}

/** One cell. */
pb.cell = (lines, name, i) => lines.columns[name]?.[i] ?? null;

/** A row's page as a link, named by what was trained. */
pb.rowLink = (lines, group, i) => {
  const at = (name) => pb.cell(lines, name, i);
  const href = pb.address("rows", group.key, `${at("file") ?? at("row")}.html`);
  return pb.h("a", { href }, `${at("network")} on ${at("dataset")}`);
};

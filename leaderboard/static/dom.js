// Elements and numbers as text. Whatever comes from a record becomes a text node: nothing of it is ever parsed as HTML.
"use strict";

const pb = { root: document.documentElement.dataset.root };

/** Make an element; attributes named on… listen, null children are left out, other children that are no nodes are text. */
pb.h = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
};

pb.known = (value) => value !== null && value !== undefined;
pb.fixed = (value, digits = 2) => (pb.known(value) ? value.toFixed(digits) : "–");
pb.count = (value) => value.toLocaleString("en-US");

pb.signed = (value, digits = 2) => {
  if (!pb.known(value)) return "–";
  const text = Math.abs(value).toFixed(digits);
  return (value < 0 ? "−" : "+") + text;
};

/** A large number with three digits and its prefix, such as `4.81 M`. */
pb.quantity = (value) => {
  const [limit, unit] = [
    [1e12, " T"],
    [1e9, " G"],
    [1e6, " M"],
    [1e3, " k"],
  ].find(([size]) => value >= size) ?? [1, ""];
  return `${+(value / limit).toPrecision(3)}${unit}`;
};

/** The share that pruning removes, in percent; of a predefined target, the paper has none. */
pb.ratio = (percent) => (+percent ? `${+(+percent).toFixed(2)} %` : "predefined");

pb.time = (seconds) => {
  if (!pb.known(seconds)) return "–";
  if (seconds < 120) return `${+seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return seconds < 7200 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(1)} h`;
};

pb.mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
pb.std = (values) => {
  const mean = pb.mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
};

pb.ARMS = {
  dense: "Dense",
  sparse: "Sparsity training",
  pruned: "Pruned, not retrained",
  finetune: "Fine-tuned",
  scratch_e: "Scratch-E",
  scratch_b: "Scratch-B",
};
pb.TRUNK = ["sparse", "pruned"];

/** An arm's name for people. */
pb.arm = (name) => {
  const words = name.replaceAll("_", " ");
  return Object.hasOwn(pb.ARMS, name) ? pb.ARMS[name] : words.charAt(0).toUpperCase() + words.slice(1);
};

/** Arms as pages order them: the known ones first. */
pb.inOrder = (names) => [
  ...Object.keys(pb.ARMS).filter((name) => names.includes(name)),
  ...names.filter((name) => !Object.hasOwn(pb.ARMS, name)),
];

/** A verdict's text with the arms' names for people and real minus signs. */
pb.words = (text) =>
  text
    .replace(/\bfinetune\b/g, "fine-tuning")
    .replace(/\bscratch_b\b/g, "Scratch-B")
    .replace(/\bscratch_e\b/g, "Scratch-E")
    .replace(/ - /g, " − ")
    .replace(/(?<![\w.])-(?=[\d.])/g, "−");

pb.badge = (state) => pb.h("span", { class: `badge ${state.toLowerCase()}` }, state.toLowerCase());

pb.bounds = (value, lower, upper, digits = 2) => {
  const clear = lower > 0 ? " gain" : upper < 0 ? " loss" : "";
  const bounds = pb.h("span", { class: "bounds" }, ` [${pb.signed(lower, digits)}, ${pb.signed(upper, digits)}]`);
  return pb.h("span", { class: `interval${clear}` }, pb.h("b", {}, pb.signed(value, digits)), bounds);
};

/** A name, and below it what was used in its place. */
pb.subject = (name, used) => (used && used !== name ? [name, pb.h("small", { title: used }, used)] : [name]);

pb.seeds = (done, planned) => {
  if (!pb.known(done)) return "–";
  return done < planned ? pb.h("span", { class: "partial" }, `${done} of ${planned} seeds`) : `${done}`;
};

pb.address = (...parts) => pb.root + parts.map((part) => part.split("/").map(encodeURIComponent).join("/")).join("/");

/** Hand a text to the reader as a file. */
pb.download = (name, text, type) => {
  const link = pb.h("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

/** A button that hands over a record: a link to a file is no download for a page from `file://`. */
pb.saveJson = (name, record) => {
  const save = () => pb.download(`${name}.json`, `${JSON.stringify(record, null, 1)}\n`, "application/json");
  return pb.h("button", { type: "button", onclick: save }, "record as JSON");
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

/** The data of this page. */
pb.data = () => JSON.parse(document.getElementById("data").textContent);

pb.notice = (text) => (text ? [pb.h("p", { class: "notice", role: "note" }, text)] : []);

pb.facts = (pairs) =>
  pb.h(
    "dl",
    { class: "facts" },
    pairs
      .filter(([, value]) => pb.known(value))
      .map(([name, value]) => pb.h("div", {}, pb.h("dt", {}, name), pb.h("dd", {}, value))),
  );

/** A section with its heading; null without content. */
pb.section = (title, ...content) => {
  const found = content.flat().filter(pb.known);
  return found.length ? pb.h("section", {}, pb.h("h2", {}, title), found) : null;
};

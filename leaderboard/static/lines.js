// Lines of tables, kept as columns: files of data call pb.add, pb.lines loads the files of a group and joins them.
"use strict";

pb.parts = {};
pb.add = (key, index, part) => ((pb.parts[key] ??= [])[index] = part);

function script(address) {
  return new Promise((resolve, reject) => {
    document.head.append(
      pb.h("script", { src: address, onload: resolve, onerror: () => reject(new Error(`${address} cannot be read`)) }),
    );
  });
}

/** All lines of a table, `rows` or `claims`, of a group: {count, columns: {name: values}}. */
pb.lines = async (table, group) => {
  const key = `${table}/${group.key}`;
  await Promise.all(group[table].map((file) => script(pb.address("data", table, file))));
  return join(pb.parts[key] ?? []);
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

/** Indices of the lines that pass every test and have every word of `text` in one of the named columns. */
pb.matching = (lines, order, tests, text, searched) => {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length && !lines.haystack) lines.haystack = pb.haystack(lines, searched);
  const found = [];
  for (const i of order) {
    if (tests.every((test) => test(i)) && words.every((word) => lines.haystack[i].includes(word))) found.push(i);
  }
  return found;
};

pb.haystack = (lines, searched) => {
  const columns = searched.map((name) => lines.columns[name]).filter(Boolean);
  return Array.from({ length: lines.count }, (_, i) =>
    columns
      .map((column) => column[i] ?? "")
      .join(" ")
      .toLowerCase(),
  );
};

/** Indices of all lines in the order of a column, lines without a value last; `sign` is 1 or -1. */
pb.ordered = (lines, name, sign) => {
  const order = Array.from({ length: lines.count }, (_, i) => i);
  const values = lines.columns[name];
  if (!values) return order;
  const texts = values.some((value) => typeof value === "string");
  const ranks = texts ? textRanks(values) : values;
  return order.sort((i, j) => {
    const [a, b] = [ranks[i], ranks[j]];
    if (a === null || b === null) return (a === null) - (b === null) || i - j;
    return sign * (a - b) || i - j;
  });
};

function textRanks(values) {
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const distinct = [...new Set(values)]
    .filter((value) => value !== null)
    .map(String)
    .sort(compare);
  const ranks = new Map(distinct.map((value, rank) => [value, rank]));
  return values.map((value) => (value === null ? null : ranks.get(String(value))));
}

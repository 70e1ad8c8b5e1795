// One claim: the sentence, its tests, and the rows that are evidence for it.
"use strict";

const data = pb.data();
pb.home = data.group;
const host = document.getElementById("view");
const rows = pb.h("div");
const tests = pb.h("div");
const ofThePaper = data.section && !["follow-up", "conjecture"].includes(data.section);
const where = [
  data.where,
  ofThePaper ? `section ${data.section} of the paper` : (data.section ?? "not a claim of the paper"),
];
const head = pb.h(
  "section",
  { class: "intro" },
  pb.h(
    "p",
    { class: "crumbs" },
    pb.h("a", { href: pb.address("claims.html") }, "all claims"),
    ` · ${where.filter(Boolean).join(", ")}`,
  ),
  pb.h("h1", {}, data.claim),
  data.statement ? pb.h("p", { class: "statement" }, data.statement) : null,
);
host.append(head, tests, pb.h("section", {}, pb.h("h2", {}, "Rows that are evidence"), rows));

function article({ record, agrees, doubts, challenges }) {
  const others = record.aside.map((verdict) => pb.verdict(verdict));
  const more = `${others.length} further comparison${others.length === 1 ? "" : "s"}`;
  return pb.h(
    "section",
    {},
    pb.h("h2", {}, record.statement),
    pb.h(
      "p",
      { class: "crumbs" },
      pb.h("code", {}, record.name),
      ` · over ${record.rows.length} rows · `,
      pb.saveJson(record.name, record),
    ),
    doubts.map(pb.doubt),
    challenges.map(pb.challenge),
    pb.verdict(record.verdict, record.paper, agrees),
    pb.plot(
      pb.figures.claimCurves(record),
      "Curves that were compared",
      "Means over the seeds, whiskers from lowest to highest.",
    ),
    others.length ? pb.h("details", {}, pb.h("summary", {}, more), others) : null,
    pb.h("pre", { class: "command", tabindex: 0 }, pb.h("code", {}, record.command)),
  );
}

pb.follow("rows", host, (lines, view, group) => {
  const fixed = { claims: data.claim };
  const found = data.tests[group.key] ?? [];
  tests.replaceChildren(
    pb.filterBar(lines, [], view, pb.changer(fixed)),
    ...pb.notice(group.notice),
    ...(found.length
      ? found.map((test) => article(test))
      : [pb.h("p", {}, `No test over several rows in tier ${group.tier}.`)]),
  );
  if (pb.rowsOf(lines, fixed).length) pb.rowTable(rows, lines, view, { ...group, notice: "" }, fixed, false);
  else rows.replaceChildren(pb.h("p", {}, `None has a record of its own in tier ${group.tier}.`));
});

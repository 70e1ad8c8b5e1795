// A row's page, from the record that it carries.
"use strict";

const { record, challenges, doubts, page } = pb.data();
const file = decodeURIComponent(location.pathname.split("/").pop()).replace(/\.html$/, "");
const here = `#${new URLSearchParams({ group: page.group })}`;
const all = pb.h("a", { href: pb.address("methods.html") + here }, `all rows of tier ${record.tier}`);
const claims = record.claims.map((claim) => {
  const address = page.claims[claim];
  return [" ", pb.h("a", { class: "chip", href: address ? pb.address("claims", address) + here : null }, claim)];
});
document
  .getElementById("crumbs")
  .append(
    pb.h("span", { class: "tier" }, `${record.tier} tier`),
    ` Table ${record.table}, section ${record.section} of the paper · `,
    pb.h("code", {}, record.row),
    ...claims.flat(),
    " · ",
    all,
  );

function facts() {
  const used = (subject) => pb.subject(subject.name, subject.used === subject.name ? "" : `used here: ${subject.used}`);
  const method = [
    pb.h("a", { href: pb.address("methods", page.method) + here }, record.method.name),
    ...used(record.method).slice(1),
  ];
  const done = Math.min(...Object.values(record.arms).map((arm) => arm.accuracy.length));
  return pb.facts([
    ["Dataset", used(record.dataset)],
    ["Network", used(record.network)],
    ["Method", method],
    ["Ratio", pb.ratio(100 * record.ratio)],
    ["Seeds", pb.seeds(Number.isFinite(done) ? done : 0, record.seeds_planned)],
    ...Object.entries(record.values).map(([name, value]) => [
      `${pb.arm(name)} value`,
      pb.bounds(value.difference, value.lower, value.upper),
    ]),
  ]);
}

function intervals() {
  const colours = { SUPPORTED: "--supported", REFUTED: "--refuted", INCONCLUSIVE: "--inconclusive" };
  const tests = record.verdicts
    .filter(({ unit }) => unit === "points")
    .map((v) => ({
      ...v,
      label: pb.label(pb.words(v.relation).replace(/ (at least|greater than|greater|above) /, " − ")),
      colour: colours[v.state],
      margin: [-v.margin, 0],
      paper: v.paper?.difference,
    }));
  const values = Object.entries(record.values).map(([name, v]) => ({
    ...v,
    label: pb.label(`${pb.arm(name)} value`),
    colour: "--accent",
  }));
  return pb.figures.intervals([...tests, ...values]);
}

const SEED_COLUMNS = ["arm", "seed", "epochs", "accuracy", "best_accuracy", "seconds", "digest"];

function perSeed() {
  return pb.inOrder(Object.keys(record.arms)).flatMap((name) => {
    const arm = record.arms[name];
    return arm.seeds.map((seed, i) => [
      name,
      seed,
      arm.epochs[i],
      arm.accuracy[i],
      arm.best_accuracy[i],
      arm.seconds[i],
      arm.digests[i],
    ]);
  });
}

function provenance() {
  const { commits, hardware, versions, started, ended } = record.provenance;
  const packages = Object.keys(versions)
    .sort()
    .map((name) => `${name} ${versions[name].join(" and ")}`);
  const entries = [
    ["Commit", commits.join(", ")],
    ["Hardware", hardware.join("; ")],
    ["Versions", packages.join(", ")],
    ["Dates", `${started} to ${ended}`],
    ["Protocol", `${record.protocol}`],
    ["Dataset", record.dataset.digest ? pb.h("code", {}, record.dataset.digest) : null],
    ["Method's file", record.method.digest ? pb.h("code", {}, record.method.digest) : null],
  ].filter(([, value]) => value);
  const csv = () => pb.download(`${file}.csv`, pb.csv([SEED_COLUMNS, ...perSeed()]), "text/csv");
  const digests = perSeed().map(([name, seed, , accuracy, , , digest]) => [
    pb.td(pb.arm(name)),
    pb.td(`${seed}`, "number"),
    pb.td(pb.fixed(accuracy), "number"),
    pb.td(pb.h("code", {}, digest)),
  ]);
  return [
    record.notes.length
      ? pb.h(
          "ul",
          { class: "notes" },
          record.notes.map((note) => pb.h("li", {}, note)),
        )
      : null,
    record.same_as.length
      ? pb.h("p", {}, `In this tier the same specs, and so the same outcomes, stand for ${record.same_as.join(", ")}.`)
      : null,
    pb.h("p", {}, "Repeat it:"),
    pb.h("pre", { class: "command", tabindex: 0 }, pb.h("code", {}, record.command)),
    pb.h(
      "p",
      { class: "downloads" },
      pb.saveJson(file, record),
      " ",
      pb.h("button", { type: "button", onclick: csv }, "seeds as CSV"),
    ),
    pb.h(
      "dl",
      { class: "provenance" },
      entries.flatMap(([name, value]) => [pb.h("dt", {}, name), pb.h("dd", {}, value)]),
    ),
    pb.h(
      "details",
      {},
      pb.h("summary", {}, "Digests of the outcomes in the store"),
      pb.grid("Digests", [pb.th("Arm"), pb.th("Seed", "number"), pb.th("Last, %", "number"), pb.th("Digest")], digests),
    ),
  ];
}

/** The paper's numbers of the two arms that a relation compares. */
function papersNumbers({ relation }) {
  const [, a, b] = relation.match(/^(\w+) (?:at least|greater)(?: than)? (\w+)$/) ?? [];
  const [first, second] = [record.paper[a], record.paper[b]];
  return first && second
    ? [pb.arm(a), " ", pb.published(first), ", ", pb.arm(b), " ", pb.published(second)].flat()
    : null;
}

function kept() {
  const seeds = "Mean over the seeds, whiskers from lowest to highest.";
  const { kept, stages, kernels } = pb.figures;
  return [
    pb.plot(kept(record), "What each layer keeps", seeds),
    pb.plot(stages(record), "What each stage keeps", seeds),
    pb.plot(kernels(record), "Weights kept at each place of the kernels", "Weights kept at each place of the kernels."),
  ];
}

const verdicts = record.verdicts.length
  ? record.verdicts.map((verdict) => pb.verdict(verdict, papersNumbers(verdict)))
  : [pb.h("p", {}, "None yet: too few seeds are finished.")];
document
  .getElementById("view")
  .append(
    ...[
      ...pb.notice(page.notice),
      ...doubts.map(pb.doubt),
      ...challenges.map(pb.challenge),
      facts(),
      pb.section(
        "Verdict",
        verdicts,
        pb.plot(
          intervals(),
          "Differences of the arms with their bounds",
          "Bars: one-sided bounds. Shaded: the margin within which the first arm still counts as at least as good. Diamond: the paper's difference.",
        ),
      ),
      pb.section("Numbers", pb.armNumbers(record)),
      pb.section(
        "Learning curves",
        pb.plot(
          pb.figures.curves(record),
          "Test accuracy by epoch of every arm",
          "Thin: each seed. Thick: their mean.",
        ),
      ),
      pb.h(
        "div",
        { class: "columns" },
        pb.section(
          "Seeds",
          pb.plot(pb.figures.dots(record), "Accuracy of every seed by arm", "Dots: seeds. Bar: their mean."),
          pb.h("h3", {}, "Size"),
          pb.sizes(record),
        ),
        pb.section("What pruning kept", kept()),
      ),
      pb.section("Where it comes from", provenance()),
    ].filter(Boolean),
  );

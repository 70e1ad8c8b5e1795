// Tables of a row's page.
"use strict";

/** A number of the paper with its spread. */
pb.published = (number) => {
  return number
    ? [
        pb.fixed(number.mean),
        pb.known(number.std) ? pb.h("span", { class: "std" }, ` ± ${pb.fixed(number.std)}`) : null,
      ]
    : "–";
};

function spread(values) {
  if (!values.length) return "–";
  return [
    pb.fixed(pb.mean(values)),
    values.length > 1 ? pb.h("span", { class: "std" }, ` ± ${pb.fixed(pb.std(values))}`) : null,
  ];
}

function range(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return !values.length ? "–" : low === high ? pb.count(low) : `${pb.count(low)}–${pb.count(high)}`;
}

/** The table of arms: the paper, here, every seed, cost. */
pb.armNumbers = (record) => {
  const compared = Object.keys(record.agreement).length > 0;
  const head = [
    pb.th("Arm"),
    pb.th("The paper, %", "number paper"),
    pb.th("Here, %", "number"),
    compared ? pb.th("Here − paper", "number") : null,
    ...["Each seed, %", "Best epoch, %", "Epochs", "Seconds"].map((text) => pb.th(text, "number")),
  ].filter(Boolean);
  const rows = pb.inOrder(Object.keys(record.arms)).map((name) => {
    const arm = record.arms[name];
    const swatch = pb.h("span", { class: "swatch" });
    swatch.style.setProperty("--swatch", `var(${pb.armColour(name)})`);
    const agreement = record.agreement[name];
    return [
      pb.td([swatch, pb.arm(name), arm.budget ? pb.h("small", {}, `budget: ${arm.budget}`) : null].filter(Boolean)),
      pb.td(pb.published(record.paper[name]), "number paper"),
      pb.td(pb.h("b", {}, spread(arm.accuracy)), "number"),
      compared
        ? pb.td(agreement ? pb.bounds(agreement.difference, agreement.lower, agreement.upper) : "–", "number")
        : null,
      pb.td(
        arm.accuracy.map((value) => pb.h("span", {}, pb.fixed(value))),
        "number seeds",
      ),
      pb.td(spread(arm.curves.length ? arm.best_accuracy : []), "number"),
      pb.td(range(arm.curves.length ? arm.epochs : []), "number"),
      pb.td(
        pb.fixed(
          arm.seconds.reduce((sum, value) => sum + value, 0),
          1,
        ),
        "number",
      ),
    ].filter(Boolean);
  });
  return [
    pb.grid("Accuracy of every arm", head, rows, "arms"),
    pb.h(
      "p",
      { class: "aside" },
      "The last epoch decides. “Best epoch” is the highest test accuracy over the epochs, as the authors' scripts tracked it; it is biased upwards. Seconds are summed over the seeds.",
    ),
    ...measures(record),
  ];
};

function measures(record) {
  const rows = pb.inOrder(Object.keys(record.arms)).flatMap((name) =>
    Object.entries(record.arms[name].measures).map(([measure, values]) => [
      pb.td(pb.arm(name)),
      pb.td(measure.replaceAll("_", " ")),
      pb.td(
        values.map((value) => pb.h("span", {}, `${+value.toPrecision(4)}`)),
        "number seeds",
      ),
    ]),
  );
  return rows.length
    ? [
        pb.h("h3", {}, "Other measures"),
        pb.grid("Other measures", [pb.th("Arm"), pb.th("Measure"), pb.th("Each seed", "number")], rows),
      ]
    : [];
}

/** Parameters and FLOPs of the dense network and of each seed's pruned one. */
pb.sizes = (record) => {
  const share = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(0)} %` : "–");
  const line = (name, size, own) => [
    pb.td(name),
    pb.td(pb.count(size.parameters), "number"),
    pb.td(own ? share(size.parameters, record.dense.parameters) : "", "number share"),
    pb.td(pb.quantity(size.flops), "number"),
    pb.td(own ? share(size.flops, record.dense.flops) : "", "number share"),
  ];
  const head = [
    pb.th("Network"),
    pb.th("Parameters", "number"),
    pb.th("left", "number"),
    pb.th("FLOPs", "number"),
    pb.th("left", "number"),
  ];
  return pb.grid("Size", head, [
    line("dense", record.dense),
    ...record.pruned.map((one) => line(`pruned, seed ${one.seed}`, one.size, true)),
  ]);
};

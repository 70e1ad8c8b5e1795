// Pieces of the pages of rows and of claims.
"use strict";

/** What a verdict says, beside what the paper says, and whether they agree (by the paper's own numbers, unless said). */
pb.verdict = (verdict, paperText, agrees) => {
  const digits = verdict.unit === "rows" ? 0 : 2;
  const unit = verdict.unit === "points" ? "" : ` ${verdict.unit}`;
  const needed = verdict.seeds_needed ? `${verdict.seeds_needed}` : null;
  return pb.h(
    "article",
    { class: `verdict ${verdict.state.toLowerCase()}` },
    pb.h("h3", {}, pb.words(verdict.relation), " ", pb.h("span", { class: "chip" }, verdict.claim)),
    pb.h(
      "div",
      { class: "three" },
      said("The paper says", papersSide(verdict, paperText)),
      said("We find", oursSide(verdict, digits, unit)),
      said("Agrees", agrees ?? agreement(verdict)),
    ),
    pb.h("p", {}, pb.words(verdict.reason)),
    pb.facts([
      ["Margin", `${verdict.margin}${unit || (verdict.margin === 1 ? " point" : " points")}`],
      ["Confidence", `${+(100 * verdict.confidence).toFixed(2)} % a side`],
      ["n per side", [...new Set(verdict.n)].join(" / ")],
      ["p", pb.known(verdict.p) ? `${+verdict.p.toPrecision(2)}` : null],
      ["Power", pb.known(verdict.power) ? pb.fixed(verdict.power) : null],
      ["Seeds needed", needed],
    ]),
  );
};

function said(head, content) {
  return pb.h("div", {}, pb.h("h4", {}, head), content);
}

function papersSide({ paper }, text) {
  const own = paper
    ? [
        pb.badge(paper.state),
        " ",
        pb.bounds(paper.difference, paper.lower, paper.upper),
        paper.reason ? pb.h("small", {}, pb.words(paper.reason)) : null,
      ]
    : [];
  return [text ? pb.h("p", {}, text) : null, ...own, ...(text || paper ? [] : ["no numbers to compare with"])];
}

function oursSide(verdict, digits, unit) {
  return [pb.badge(verdict.state), " ", pb.bounds(verdict.difference, verdict.lower, verdict.upper, digits), unit];
}

function agreement({ state, paper }) {
  if (!paper) return "–";
  return [state, paper.state].includes("INCONCLUSIVE") ? "open" : state === paper.state ? "yes" : "no";
}

pb.doubt = (text) => pb.h("aside", { class: "challenge", "aria-label": "Doubt" }, pb.words(text));

pb.challenge = ({ by, reason, better, link }) =>
  pb.h(
    "aside",
    { class: "challenge", "aria-label": "Challenge" },
    pb.h("b", {}, `Challenged by ${by}: `),
    reason,
    better ? pb.h("p", {}, "Better known result: ", better) : null,
    link ? pb.h("p", {}, pb.h("a", { href: link, rel: "noopener nofollow" }, link)) : null,
  );

pb.grid = (label, head, rows, kind = "") =>
  pb.h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
    pb.h(
      "table",
      { class: kind },
      pb.h("thead", {}, pb.h("tr", {}, head)),
      pb.h(
        "tbody",
        {},
        rows.map((cells) => pb.h("tr", {}, cells)),
      ),
    ),
  );

pb.th = (text, kind = "") => pb.h("th", { class: kind, scope: "col" }, text);
pb.td = (content, kind = "") => pb.h("td", { class: kind }, content);

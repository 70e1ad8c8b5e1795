// The table of claims: the paper says, we find, agrees.
"use strict";

const host = document.getElementById("view");
const FILTERS = [
  { name: "state", label: "We find" },
  { name: "agrees", label: "Agrees" },
];

function columns(lines, group) {
  const at = (name, i) => pb.cell(lines, name, i);
  const address = (i) =>
    `${pb.address("claims", `${at("file", i)}.html`)}#${new URLSearchParams({ group: group.key })}`;
  const claim = (i) => [
    at("claim", i) === "control"
      ? pb.h("b", {}, "control")
      : pb.h("a", { href: address(i) }, pb.h("b", {}, at("claim", i))),
    at("where", i) ? pb.h("small", {}, at("where", i)) : null,
  ];
  const statement = (i) => [
    at("statement", i) ?? "–",
    at("test", i) ? pb.h("small", {}, at("test", i).replaceAll("_", " ")) : null,
  ];
  const paper = (i) => [
    at("paper_state", i) ? pb.badge(at("paper_state", i)) : null,
    at("paper", i) ?? (at("paper_state", i) ? null : "–"),
  ];
  const numbers = (i) => {
    if (!pb.known(at("difference", i))) return null;
    const unit = at("unit", i);
    return pb.h(
      "small",
      {},
      pb.bounds(at("difference", i), at("lower", i), at("upper", i), unit === "rows" ? 0 : 2),
      ` ${unit}`,
    );
  };
  const ours = (i) =>
    at("state", i)
      ? [pb.badge(at("state", i)), numbers(i)]
      : (at("row_states", i) ?? pb.h("span", { class: "faint" }, "not run yet"));
  const progress = (i) => [
    at("wanted", i) ? `${at("rows", i)} of ${at("wanted", i)} rows` : `${at("rows", i)} rows`,
    pb.known(at("done", i)) ? pb.h("small", {}, `${at("done", i)} of ${at("planned", i)} seeds`) : null,
  ];
  return [
    { name: "claim", title: "Claim", sort: "claim", cell: claim },
    { name: "statement", title: "Statement", sort: "statement", className: "prose", cell: statement },
    { name: "paper", title: "The paper says", sort: "paper_state", paper: true, cell: paper },
    { name: "state", title: "We find", sort: "state", cell: ours },
    { name: "agrees", title: "Agrees", sort: "agrees", cell: (i) => at("agrees", i) ?? "–" },
    { name: "n", title: "n per side", sort: "n", number: true, hidden: true, cell: (i) => at("n", i) ?? "–" },
    { name: "progress", title: "Progress", sort: "rows", cell: progress },
    { name: "section", title: "Section", sort: "section", hidden: true, cell: (i) => at("section", i) ?? "–" },
  ];
}

pb.follow("claims", host, (lines, view, group) => {
  const changed = pb.changer();
  const place = pb.h("div", { class: "table" });
  host.replaceChildren(pb.filterBar(lines, FILTERS, view, changed), ...pb.notice(group.notice), place);
  const searched = ["claim", "test", "statement", "paper", "state", "where"];
  pb.table(place, lines, columns(lines, group), {
    label: `Claims in tier ${group.tier}`,
    kind: "claims",
    searched,
    filters: FILTERS,
    view,
    changed,
    file: `claims-${group.key}.csv`,
    length: 200,
  });
});

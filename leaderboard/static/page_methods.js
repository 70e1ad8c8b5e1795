"use strict";
const host = document.getElementById("view");
const other = pb.h("a", { class: "same-view", "data-page": "plots.html", href: "plots.html" }, "these rows as plots");
document.querySelector(".intro").append(pb.h("p", {}, other));
pb.follow("rows", host, (lines, view, group) => pb.rowTable(host, lines, view, group));

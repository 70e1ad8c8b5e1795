// Draws the figures and makes the tables sortable. Colours come from style.css, so that both follow light and dark.
"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function coloured(value) {
  if (typeof value === "string") return value.startsWith("--") ? colour(value) : value;
  if (Array.isArray(value)) return value.map(coloured);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
}

function axis(own) {
  const lines = { gridcolor: "--grid", linecolor: "--grid", zerolinecolor: "--faint", zerolinewidth: 1.5 };
  const title = { ...own.title, font: { size: 13, color: "--faint" } };
  return { automargin: true, ...lines, ...own, title };
}

function draw(figure) {
  const { data, layout } = JSON.parse(figure.querySelector("script").textContent);
  const full = {
    ...layout,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 13, color: "--ink" },
    hoverlabel: { bgcolor: "--card", bordercolor: "--grid", font: { color: "--ink" } },
    legend: { orientation: "h", y: 1, yanchor: "bottom", x: 0 },
    margin: { l: 8, r: 12, t: 36, b: 8 },
    xaxis: axis(layout.xaxis),
    yaxis: axis(layout.yaxis),
  };
  const canvas = figure.querySelector(".canvas");
  Plotly.react(canvas, coloured(data), coloured(full), { displayModeBar: false, responsive: true }).then(() => {
    figure.dataset.drawn = "yes";
    canvas.removeAllListeners("plotly_click");
    canvas.on("plotly_click", ({ points }) => {
      if (points[0].customdata) location.href = points[0].customdata;
    });
  });
}

function follow() {
  document.documentElement.classList.toggle("dark", dark.matches);
  document.querySelectorAll("figure.plot").forEach(draw);
}

for (const table of document.querySelectorAll("table.sortable")) {
  new DataTable(table, {
    paging: false,
    info: false,
    autoWidth: false,
    order: [],
    layout: { topStart: "search", topEnd: null, bottomStart: null, bottomEnd: null },
    language: { search: "", searchPlaceholder: "Filter", zeroRecords: "No row has this text." },
  });
}
dark.addEventListener("change", follow);
follow();

// Draws figures with Plotly. A colour is the name of a CSS variable, looked up as the page is drawn, light or dark.
"use strict";

const probe = pb.h("i", { hidden: true });
const drawn = [];

function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

function coloured(value) {
  if (typeof value === "string") return value.startsWith("--") ? colour(value) : value;
  if (Array.isArray(value)) return typeof value.at(-1) === "number" ? value : value.map(coloured);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
}

function axis(own) {
  const lines = { gridcolor: "--grid", linecolor: "--grid", zerolinecolor: "--faint", zerolinewidth: 1.5 };
  return { automargin: true, ...lines, ...own, title: { ...own.title, font: { size: 13, color: "--faint" } } };
}

function draw({ canvas, data, layout }) {
  const full = {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 13, color: "--ink" },
    hoverlabel: { bgcolor: "--card", bordercolor: "--grid", font: { color: "--ink" } },
    legend: { orientation: "h", y: 1, yanchor: "bottom", x: 0 },
    margin: { l: 8, r: 12, t: 36, b: 8 },
    ...layout,
    xaxis: axis(layout.xaxis ?? {}),
    yaxis: axis(layout.yaxis ?? {}),
  };
  return Plotly.react(canvas, coloured(data), coloured(full), { displayModeBar: false, responsive: true }).then(() => {
    canvas.closest("figure").dataset.drawn = "yes";
    canvas.removeAllListeners("plotly_click");
    canvas.on("plotly_click", ({ points }) => {
      if (points[0].customdata) location.href = points[0].customdata;
    });
  });
}

/** Plotly reads some HTML in labels: text of a record must show as it is, and not at length. */
pb.label = (text, longest = 40) =>
  (text.length > longest ? `${text.slice(0, longest - 1)}…` : text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");

/** A figure as an element, drawn once it stands in the page; null where there is nothing to draw. */
pb.plot = (figure, label, caption) => {
  if (!figure) return null;
  const canvas = pb.h("div", { class: "canvas", role: "img", "aria-label": label });
  const element = pb.h("figure", { class: "plot" }, canvas, caption ? pb.h("figcaption", {}, caption) : null);
  const entry = { canvas, ...figure };
  drawn.push(entry);
  requestAnimationFrame(() => draw(entry));
  return element;
};

addEventListener("theme", () => {
  drawn.splice(0, drawn.length, ...drawn.filter(({ canvas }) => canvas.isConnected));
  drawn.forEach(draw);
});
document.body.append(probe);

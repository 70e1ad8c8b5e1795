// Light or dark: as the system has it, or as the reader chose. Runs before the first paint.
"use strict";
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // A browser that keeps nothing for this page follows the system.
  }
  const isDark = () => (chosen ? chosen === "dark" : system.matches);
  const show = () => {
    root.dataset.theme = isDark() ? "dark" : "light";
    root.classList.toggle("dark", isDark()); // what DataTables' own styles look for
    const button = document.getElementById("theme");
    if (button) button.textContent = isDark() ? "Light" : "Dark";
    if (button) button.setAttribute("aria-label", `switch to ${isDark() ? "light" : "dark"} colours`);
    dispatchEvent(new Event("theme"));
  };
  show();
  system.addEventListener("change", show);
  addEventListener("DOMContentLoaded", () => {
    show();
    document.getElementById("theme").addEventListener("click", () => {
      chosen = isDark() ? "light" : "dark";
      try {
        localStorage.setItem("theme", chosen);
      } catch {
        // The choice holds for this page only.
      }
      show();
    });
  });
})();

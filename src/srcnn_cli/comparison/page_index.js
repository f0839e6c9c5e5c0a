"use strict";
// Click on a heading sorts the rows by that column, a second click the other way round.
(() => {
  const body = document.querySelector("tbody");
  const headings = [...document.querySelectorAll("th[data-column]")];
  const key = (row, column) => {
    const cell = row.children[column];
    return cell.dataset.value === undefined ? cell.textContent.toLowerCase() : Number(cell.dataset.value);
  };
  for (const heading of headings) {
    heading.querySelector("button").addEventListener("click", () => {
      const column = Number(heading.dataset.column);
      const up = heading.getAttribute("aria-sort") !== "ascending";
      const compare = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b);
      const rows = [...body.rows].sort((a, b) => (up ? 1 : -1) * compare(key(a, column), key(b, column)));
      body.append(...rows);
      headings.forEach((h) => h.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    });
  }
})();

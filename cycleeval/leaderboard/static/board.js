"use strict";
// Sorting and filtering of every table marked data-table. The page is complete without it.
for (const section of document.querySelectorAll("[data-table]")) {
  const body = section.querySelector("tbody");
  const rows = Array.from(body.rows);
  const buttons = Array.from(section.querySelectorAll("button[data-sort]"));
  const select = section.querySelector("[data-sort-select]");
  const filter = section.querySelector("[data-filter]");
  const baselines = section.querySelector("[data-baselines]");
  const count = section.querySelector("[data-count]");

  // The value that a row is sorted by; null if it has none, which sorts last either way.
  const valueOf = (row, column) => {
    if (column < 0) return Number(row.dataset.order);
    const cells = row.querySelectorAll("td[data-value]");
    const text = cells.length > column ? cells[column].dataset.value : "";
    return text === "" ? null : Number(text);
  };

  const sort = (column, direction) => {
    const sign = direction === "ascending" ? 1 : -1;
    const sorted = rows.slice().sort((a, b) => {
      const x = valueOf(a, column);
      const y = valueOf(b, column);
      if (x === null || y === null) return (x === null) - (y === null);
      return sign * (x - y) || Number(a.dataset.order) - Number(b.dataset.order);
    });
    body.append(...sorted);
    body.classList.toggle("resorted", column >= 0);
    for (const button of buttons) {
      const header = button.closest("th");
      if (Number(button.dataset.sort) === column) header.setAttribute("aria-sort", direction);
      else header.removeAttribute("aria-sort");
    }
    if (select) select.value = String(column);
  };

  for (const button of buttons) {
    button.addEventListener("click", () => {
      const header = button.closest("th");
      const first = button.dataset.first;
      const other = first === "ascending" ? "descending" : "ascending";
      sort(Number(button.dataset.sort), header.getAttribute("aria-sort") === first ? other : first);
    });
  }
  if (select) {
    select.addEventListener("change", () => {
      const button = buttons.find((found) => found.dataset.sort === select.value);
      sort(Number(select.value), button ? button.dataset.first : "ascending");
    });
  }

  const show = () => {
    const wanted = filter.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const baseline = row.classList.contains("baseline");
      row.hidden =
        (baseline && !baselines.checked) ||
        !(row.dataset.name.toLowerCase().includes(wanted));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = shown === rows.length ? `${shown} rows` : `${shown} of ${rows.length} rows`;
  };
  filter.addEventListener("input", show);
  if (baselines) baselines.addEventListener("change", show);
}

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
  const rank = section.querySelector("[data-rank]");

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

  // Show the places by another metric: its column has them, and the reader's address keeps it.
  const rankBy = (option) => {
    const label = option.textContent;
    const cellOf = (row) => Array.from(row.cells).find((cell) => cell.dataset.label === label);
    const placeOf = (row) => {
      if (row.classList.contains("baseline")) return Infinity;
      const place = cellOf(row)?.dataset.place;
      return place === undefined ? Number.MAX_VALUE : parseInt(place, 10);
    };
    const column = buttons.find((button) => button.firstChild.textContent === label);
    const sign = column.dataset.first === "ascending" ? 1 : -1;
    const written = new Map(rows.map((row, number) => [row, number]));
    const ranked = rows.slice().sort((a, b) => {
      const [x, y] = [placeOf(a), placeOf(b)];
      if (x !== y) return x < y ? -1 : 1;
      const values = x < Number.MAX_VALUE ? sign * (cellOf(a).dataset.value - cellOf(b).dataset.value) : 0;
      return values || written.get(a) - written.get(b);
    });
    let last = null;
    ranked.forEach((row, number) => {
      row.dataset.order = number;
      if (row.classList.contains("baseline")) return;
      const cell = cellOf(row);
      const [text, small] = [row.cells[0].firstElementChild, document.createElement("small")];
      text.textContent = cell.dataset.place ?? "";
      text.parentElement.replaceChildren(text);
      small.textContent = cell.dataset.places ?? "";
      if (small.textContent) text.after(small);
      row.classList.toggle("group", number > 0 && placeOf(row) !== last);
      last = placeOf(row);
    });
    section.querySelector("[data-ranked-by]").textContent = label;
    sort(-1, "ascending");
  };
  if (rank) {
    const first = rank.value;
    rank.addEventListener("change", () => {
      rankBy(rank.selectedOptions[0]);
      const here = location.pathname + location.search;
      const address = rank.value === first ? here : `${here}#rank-by=${rank.value}`;
      history.replaceState(null, "", address);
    });
    const follow = () => {
      const wanted = location.hash.match(/^#rank-by=([\w]+)$/)?.[1] ?? first;
      const option = Array.from(rank.options).find((found) => found.value === wanted);
      if (!option || option.value === rank.value) return;
      rank.value = wanted;
      rankBy(option);
    };
    window.addEventListener("hashchange", follow);
    rank.value = first;
    follow();
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

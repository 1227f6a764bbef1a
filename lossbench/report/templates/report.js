// Sorting and filtering; everything is readable without.
(() => {
  "use strict";
  const value = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.sort ?? cell.textContent.trim();
    const number = Number(text);
    return text === "" ? null : Number.isNaN(number) ? text.toLowerCase() : number;
  };
  const compare = (a, b) =>
    typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1;

  const sort = (table, header, column) => {
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].map((row) => [value(row, column), row]);
    rows.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null); // what has no value stays last
      return down ? compare(b, a) : compare(a, b);
    });
    table.tBodies[0].append(...rows.map(([, row]) => row));
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, header, column));
      header.append(button);
    });
  }

  for (const bar of document.querySelectorAll(".filter")) {
    const rows = [...document.getElementById(bar.dataset.table).tBodies[0].rows];
    const text = bar.querySelector("input");
    const word = bar.querySelector("select");
    const count = bar.querySelector("[role=status]");
    for (const kind of new Set(rows.map((row) => row.dataset.word))) word.add(new Option(kind, kind));
    const filter = () => {
      const wanted = text.value.trim().toLowerCase();
      for (const row of rows) {
        row.hidden =
          (word.value !== "" && row.dataset.word !== word.value) || !row.dataset.name.toLowerCase().includes(wanted);
      }
      const left = rows.filter((row) => !row.hidden).length;
      count.textContent = left === rows.length ? "" : `${left} of ${rows.length} ${bar.dataset.of}`;
    };
    text.addEventListener("input", filter);
    word.addEventListener("change", filter);
    bar.hidden = false;
  }
})();

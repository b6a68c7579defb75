// Tables on a phone: one that is wider than the page is stacked, row by row, each cell under the name of its head.
// What a head says is read from the table itself, so that no page has to repeat it. Matrices, whose heads are days or
// hours and mean nothing one by one, keep their form (`calendar`, or heads in several rows).
"use strict";
(() => {
  const narrow = matchMedia("(max-width: 48rem)");

  // The form that a style gives a table must not take its meaning from it: readers are told what each part is.
  const mean = (table) => {
    const tell = (found, role) => found.forEach((one) => { if (!one.hasAttribute("role")) one.setAttribute("role", role); });
    tell([table], "table");
    tell(table.querySelectorAll(":scope > :is(thead, tbody, tfoot)"), "rowgroup");
    tell(table.querySelectorAll(":scope > * > tr"), "row");
    tell(table.querySelectorAll(":scope > thead > tr > th"), "columnheader");
    tell(table.querySelectorAll(":scope > :is(tbody, tfoot) > tr > th"), "rowheader");
    tell(table.querySelectorAll(":scope > * > tr > td"), "cell");
  };

  const name = (table, heads) => {
    for (const row of table.querySelectorAll(":scope > :is(tbody, tfoot) > tr")) {
      let column = 0;
      for (const cell of row.cells) {
        const head = heads[column]?.textContent.trim();
        if (column && head && cell.tagName === "TD" && cell.colSpan === 1 && !cell.dataset.title) cell.dataset.title = head;
        column += cell.colSpan;
      }
    }
  };

  const fit = (table) => {
    const heads = table.tHead?.rows.length === 1 ? [...table.tHead.rows[0].cells] : [];
    if (!heads.length || heads.some((one) => one.colSpan > 1) || table.classList.contains("calendar")) return;
    if (!table.classList.contains("stacks") && table.offsetWidth <= table.parentElement.clientWidth + 1) return;
    name(table, heads);
    mean(table);
    table.classList.add("stacks");
    table.classList.toggle("sorts", heads.some((one) => one.querySelector("a, button, input")));
  };

  const look = () => { if (narrow.matches) document.querySelectorAll(".scrolls > table").forEach(fit); };
  look();
  narrow.addEventListener("change", look);
  // What came later (a live answer, more rows, what was folded away) is looked at when it is there.
  for (const event of ["htmx:afterSettle", "htmx:sseMessage", "toggle"]) document.addEventListener(event, look, true);
})();

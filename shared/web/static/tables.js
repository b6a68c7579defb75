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

  // What a head says; a mark of the order it is sorted in is not part of its name.
  const said = (head) => {
    const copy = head.cloneNode(true);
    copy.querySelectorAll("[aria-hidden]").forEach((one) => one.remove());
    return copy.textContent.trim();
  };

  const name = (table, heads) => {
    const names = heads.map(said);
    for (const row of table.querySelectorAll(":scope > :is(tbody, tfoot) > tr")) {
      let column = 0;
      for (const cell of row.cells) {
        const head = names[column];
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
  document.addEventListener("toggle", look, true); // what was folded away has a width only now
  // A live answer brings a table anew: it is looked at before it is painted.
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
})();

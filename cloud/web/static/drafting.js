// A form that is being filled in is never lost: leaving asks first, and whatever else the page does keeps it before.
(() => {
  "use strict";
  const form = document.querySelector("form[data-draft]");
  if (!form) return;
  const told = document.getElementById("unsaved");
  const base = form.action.slice(0, form.action.lastIndexOf("/"));
  const KEEPS = /\/(ask|preview|cancel-preview|push|clone|leave-out)$/; // who approves or sends back writes nothing
  let isLeaving = false;

  const differs = (field) => {
    if (!field.name || field.type === "hidden" || field.matches(".finds")) return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.options) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((one) => one.defaultSelected));
    return field.value !== field.defaultValue;
  };
  const isChanged = () => [...form.elements].some(differs);
  const say = () => { told.hidden = !isChanged(); };
  form.addEventListener("input", say);
  form.addEventListener("change", say);
  say(); // a browser that comes back to the page puts back what was typed

  addEventListener("beforeunload", (event) => { if (!isLeaving && isChanged()) event.preventDefault(); });
  form.addEventListener("submit", () => { isLeaving = true; });
  addEventListener("pageshow", () => { isLeaving = false; });

  const keep = async () => {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!answer.ok || page.querySelector("[role=alert][data-refused]")) return false;
    const seen = page.querySelector("input[name=seen]")?.value;
    for (const one of seen ? document.querySelectorAll("input[name=seen]") : []) one.value = seen;
    return true;
  };

  document.addEventListener("submit", async (event) => {
    const act = event.target;
    if (act === form || event.defaultPrevented || act.method !== "post" || !act.action.startsWith(`${base}/`)) return;
    if (act.action.endsWith("/discard")) isLeaving = true;
    if (!KEEPS.test(act.action) || !isChanged()) return; // what is not kept is asked about by the browser
    event.preventDefault();
    const isKept = await keep().catch(() => false);
    isLeaving = true;
    (isKept ? act : form).submit(); // what cannot be kept is said by the page that keeps it
  });
})();

// Focus and nothing else: what is shown comes from the till. Without this file the page still shows and takes codes.
const entry = document.querySelector("#entry");
const cut = document.querySelector("[data-cut]");
let newest = document.querySelector("[data-last]")?.dataset.last;

document.body.addEventListener("htmx:sseMessage", () => {
  const last = document.querySelector("[data-last]");
  if (!last) { newest = undefined; return; }
  last.scrollIntoView({ block: "nearest" });
  if (last.dataset.last !== newest) last.classList.add("new");
  newest = last.dataset.last;
});
document.body.addEventListener("htmx:sseOpen", () => { cut.hidden = true; });
document.body.addEventListener("htmx:sseError", () => { cut.hidden = false; });
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.matches(".till-entry")) { entry.value = ""; entry.focus(); }
  if (event.detail.xhr.status === 403) location.reload(); // the agent was started anew and knows this page no more
});

// Focus and nothing else: what is shown comes from the till. Without this file the page still shows and takes codes.
const entry = document.querySelector("#entry");
const cut = document.querySelector("[data-cut]");
let newest;

// The line just scanned stays in view, and its arrival can be seen.
const showNewest = () => {
  const last = document.querySelector("[data-last]");
  last?.scrollIntoView({ block: "nearest" });
  if (newest !== undefined && last && last.dataset.last !== newest) last.classList.add("new");
  newest = last?.dataset.last ?? "";
};
showNewest();

document.body.addEventListener("htmx:sseMessage", showNewest);
document.body.addEventListener("htmx:sseOpen", () => { cut.hidden = true; });
document.body.addEventListener("htmx:sseError", () => { cut.hidden = false; });
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.matches(".till-entry")) { entry.value = ""; entry.focus(); }
  if (event.detail.xhr.status === 403) location.reload(); // the agent was started anew and knows this page no more
});

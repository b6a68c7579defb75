// Keeps an open page live without moving anything under the eyes or the keys of whoever reads, and opens the search.
// Without it every page still reads: it is as fresh as when it was loaded.
(() => {
  "use strict";
  const SILENT_MS = 15000; // a live page hears a beat every two seconds

  const held = new Map(); // region -> the newest HTML that waits until nobody reads there
  const live = document.getElementById("live");

  const isRead = (region) => {
    const selection = getSelection();
    return (
      region.contains(document.activeElement) ||
      region.querySelector("details[open]") !== null ||
      (!selection.isCollapsed && region.contains(selection.anchorNode))
    );
  };

  const isSame = (region, html) => {
    const parsed = document.createElement("template");
    parsed.innerHTML = html;
    return parsed.innerHTML === region.innerHTML;
  };

  const put = (region, html) => {
    held.delete(region);
    if (isSame(region, html)) return;
    const shape = region.querySelector("[data-shape]")?.dataset.shape; // a page of another build: the first store came
    if (shape && !html.includes(`data-shape="${shape}"`)) return location.reload();
    const scrolled = region.querySelector(".scrolls")?.scrollLeft ?? 0;
    region.innerHTML = html;
    const table = region.querySelector(".scrolls");
    if (table) table.scrollLeft = scrolled;
    htmx.process(region);
    region.dispatchEvent(new CustomEvent("region-changed", { bubbles: true }));
  };

  const letGo = () => {
    for (const [region, html] of held) if (!isRead(region)) put(region, html);
    say();
  };

  let lastBeat = Date.now();
  let isCut = false;
  const clock = (at) => new Date(at).toLocaleTimeString(document.documentElement.lang);
  const say = () => {
    if (!live) return;
    const isStale = isCut || Date.now() - lastBeat > SILENT_MS;
    live.classList.toggle("stale", isStale);
    document.getElementById("main").toggleAttribute("data-stale", isStale);
    const words = isStale ? live.dataset.stale.replace("{time}", clock(lastBeat)) : held.size ? live.dataset.held : live.dataset.live;
    const text = live.querySelector(".says");
    if (text.textContent !== words) text.textContent = words;
  };

  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    event.preventDefault(); // we swap: only what changed, and only where nobody reads
    lastBeat = Date.now();
    isCut = false;
    const region = event.target;
    if (event.detail.type !== "beat") {
      if (isRead(region)) held.set(region, event.detail.data);
      else put(region, event.detail.data);
    }
    say();
  });
  document.addEventListener("htmx:sseError", () => { isCut = true; say(); });

  // A browser opens six connections to a host: a tab that nobody sees gives its own back and asks anew when it is seen.
  let source = null;
  let turn = 0;
  document.addEventListener("htmx:sseOpen", (event) => { source = event.detail.source; });
  document.addEventListener("visibilitychange", () => {
    if (!live) return;
    if (document.hidden) {
      source?.close();
      source = null;
    } else if (source === null) {
      turn += 1;
      const main = document.getElementById("main");
      for (const part of [main, ...main.querySelectorAll("[sse-swap]")]) part.dataset.turn = turn; // htmx looks at it again
      htmx.process(main);
    }
  });
  document.addEventListener("focusout", () => setTimeout(letGo));
  document.addEventListener("toggle", letGo, true);
  document.addEventListener("selectionchange", () => { if (held.size && getSelection().isCollapsed) letGo(); });
  if (live) setInterval(say, 1000);

  // The list of tasks may be longer than the window: it opens where one is.
  for (const here of document.querySelectorAll(".side [aria-current]")) {
    for (let box = here.parentElement; !box.matches("header"); box = box.parentElement) {
      const [link, frame] = [here.getBoundingClientRect(), box.getBoundingClientRect()];
      if (link.left < frame.left || link.right > frame.right) box.scrollLeft += link.left - frame.left - (frame.width - link.width) / 2;
      if (link.bottom > frame.bottom) box.scrollTop += link.bottom - frame.bottom + link.height;
    }
  }

  // What was found fills the field it was looked for: a comma or a blank stands between several.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-adds]");
    const input = button && document.getElementById(button.dataset.to);
    if (!input) return;
    const between = { comma: ", ", space: " " }[button.dataset.by];
    const had = between && input.value.trim() ? input.value.trim().split(between === " " ? /\s+/ : /\s*,\s*/) : [];
    input.value = [...had.filter((one) => one && one !== button.dataset.adds), button.dataset.adds].join(between);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches(".finds")) event.preventDefault(); // it looks while one types
  });

  const find = document.getElementById("find");
  const open = () => {
    if (find.open) return;
    find.showModal();
    find.querySelector("input").select();
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
    if (!find.open || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    const stops = [find.querySelector("input"), ...find.querySelectorAll(".found a")];
    const step = event.key === "ArrowDown" ? 1 : stops.length - 1;
    event.preventDefault();
    stops[(Math.max(0, stops.indexOf(document.activeElement)) + step) % stops.length].focus();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-opens='find']")) {
      event.preventDefault();
      open();
    } else if (event.target === find) find.close();
  });
  find.querySelector("form").addEventListener("submit", (event) => {
    const first = find.querySelector(".found a");
    if (!first) return;
    event.preventDefault();
    location.href = first.href;
  });
})();

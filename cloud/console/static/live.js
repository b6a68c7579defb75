// Keeps the part of a page marked data-live fresh while somebody looks at it. Without JavaScript the page still reads.
const region = document.querySelector("[data-live]");
if (region) {
  // Nothing moves under the eyes or the keys of somebody who reads a table or has opened one.
  const isUsed = () => region.querySelector("details[open]") || (region !== document.activeElement && region.contains(document.activeElement));
  const every = Number(region.dataset.live) * 1000;
  const refresh = async () => {
    if (!document.hidden && !isUsed()) {
      try {
        const answer = await fetch(location.href, { headers: { "X-Partial": "live" } });
        if (answer.ok) region.innerHTML = await answer.text();
        region.toggleAttribute("data-stale", !answer.ok);
      } catch {
        region.toggleAttribute("data-stale", true);
      }
    }
    setTimeout(refresh, every);
  };
  setTimeout(refresh, every);
}
